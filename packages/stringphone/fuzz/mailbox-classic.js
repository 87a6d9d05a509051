// Invariant: any bytes give a value, null or a PeerError; what decodes has one encoding; nothing changed
// verifies; a relay never throws and passes on only what came in, unchanged.

const codes = new Set(["malformed", "bad-signature", "decryption-failed"])

/**
 * Also what the unit test checks; `mailbox` is the module under test, `seeds` are those of two people.
 * Mail in the corpus may verify as Alice's, no other may.
 */
export function mailboxClassicTarget(mailbox, { fromHex, hex, PeerError }, seeds, corpus) {
  const genuine = new Set(Object.values(corpus))
  const identity = (seed) => new mailbox.MailIdentity(fromHex(seed))
  const [alice, bob] = [identity(seeds.alice).keyPair(0), identity(seeds.bob).keyPair(0)]
  const contacts = [{ petname: "Alice", publicKey: alice.publicKey }]
  const readers = [
    { keyPairs: [bob, identity(seeds.bob).keyPair(1)], contacts },
    { keyPairs: [bob], contacts: [] },
    { keyPairs: [], contacts },
  ]
  const isSame = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i])

  function attempt(run) {
    try {
      return run()
    } catch (error) {
      if (error instanceof PeerError && codes.has(error.code)) return null
      throw error
    }
  }

  return (bytes) => {
    const original = Uint8Array.from(bytes)
    const mail = attempt(() => mailbox.decodeMail(bytes))
    if (mail && !isSame(mailbox.encodeMail(mail), bytes)) throw new Error("two encodings")
    if (mail && mailbox.verifyMail(mail, alice.publicKey) && !genuine.has(hex(bytes))) {
      throw new Error("a forged mail verifies")
    }
    for (const reader of readers) {
      const opened = attempt(() => mailbox.openMail(bytes, reader))
      if (opened && !mail) throw new Error("opened what does not decode")
      if (opened && (opened.status === "verified") !== (opened.sender !== null)) {
        throw new Error("status and sender do not agree")
      }
      if (opened?.status === "verified" && !genuine.has(hex(bytes))) throw new Error("forged")
      if (opened && reader.keyPairs.length === 0) throw new Error("opened without a key")
    }
    const { passed, dropped } = mailbox.relayMail([bytes, bytes], { nowSeconds: 1_800_000_000 })
    if (passed.length + dropped.length !== 2) throw new Error("a mail was lost or made")
    if (passed.some((one) => one !== bytes)) throw new Error("a mail was changed")
    if (!mail && passed.length > 0) throw new Error("passed on what does not decode")
    const list = attempt(() => mailbox.decodeMailList(bytes))
    if (list && !isSame(mailbox.encodeMailList(list), bytes)) throw new Error("two lists")
    if (!isSame(original, bytes)) throw new Error("the input was changed")
  }
}
