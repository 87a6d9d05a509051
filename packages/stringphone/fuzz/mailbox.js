// Invariant: any bytes give a value, null or a PeerError (an address a UsageError); what decodes has one encoding; in an envelope that
// is truly sealed for Bob, nothing opens but what was truly written, or is anonymous; what is refused changes nothing.

const today = 20_000

/** In what is built. */
export const mailboxModules = [
  ...["bytes/index.js", "crypto/index.js", "identity/index.js", "mailbox/index.js"],
  ...["envelope", "chain", "first-contact", "authorship"].map((name) => `mailbox/${name}.js`),
  ...["content", "address", "envelope"].map((name) => `mailbox/wire/${name}.js`),
]

/**
 * The same people each time: Alice and Bob know each other; Carol wrote to Bob's public address, and
 * Dave by his invitation, and nothing of theirs has come yet.
 *
 * @param mailbox all that `mailboxModules` export
 */
export function mailboxPeople(mailbox) {
  const { Identity, Mailbox, hash, readAddressText, utf8 } = mailbox
  const person = (name) => {
    let counter = 0
    const random = (length) => {
      const blocks = Array.from({ length: Math.ceil(length / 32) }, () => [
        ...hash(utf8(`${name} ${counter++}`)),
      ])
      return Uint8Array.from(blocks.flat().slice(0, length))
    }
    const identity = new Identity(hash(utf8(name)))
    return { identity, random, mailbox: new Mailbox(identity, today, random) }
  }
  const write = (from, to, text = "hello") =>
    from.mailbox.write({ to: [to], text }, today).envelopes[0]
  const [alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map(person)
  const first = write(bob, readAddressText(alice.mailbox.invite(today + 28)))
  alice.mailbox.open(first, today)
  bob.mailbox.open(write(alice, bob.identity.publicKey), today)
  const texts = [bob.mailbox.publicAddress(today), bob.mailbox.invite(today + 28)]
  const [address, invitation] = texts.map(readAddressText)
  write(carol, address)
  write(dave, invitation)
  return { alice, bob, carol, dave, address, invitation, texts }
}

/**
 * Also what the unit test checks.
 *
 * @param corpus letters in it may open, no others may
 * @returns a function that checks one input, and returns how it was read
 */
export function mailboxTarget(mailbox, corpus) {
  const { PeerError, UsageError, concat, exchangePublicKey, fromHex, hash, hex, utf8 } = mailbox
  const genuine = new Set(Object.values(corpus))
  const { alice, bob, address, invitation } = mailboxPeople(mailbox)
  const before = bob.mailbox.save()
  const ephemeralSecret = hash(utf8("ephemeral"))
  const ephemeralKey = exchangePublicKey(ephemeralSecret)
  const { sending } = alice.mailbox.pairWith(bob.identity.publicKey)
  const slots = {
    pair: mailbox.pairSlot(mailbox.tagsOf(sending.chain), sending.next, ephemeralKey),
    address: mailbox.trialSlotFor(ephemeralSecret, address.prekey),
    invitation: mailbox.invitationSlot(
      mailbox.invitationTags(invitation.secret),
      0,
      ephemeralKey,
      mailbox.exchange(ephemeralSecret, invitation.prekey),
    ),
  }
  const wordsSecret = hash(utf8("words")).slice(0, 16)
  const words = mailbox.keysOfWords(wordsSecret)
  let reader = restored()
  const written = new Set(
    [...genuine].flatMap((one) => attempt(() => whatBobChecks(fromHex(one))).value ?? []),
  )

  function restored() {
    return mailbox.Mailbox.restore(before, bob.identity, bob.random)
  }

  function attempt(run, family = PeerError) {
    try {
      return { value: run() }
    } catch (error) {
      if (error instanceof family && typeof error.code === "string") return { code: error.code }
      throw new Error("it threw another error", { cause: error })
    }
  }

  /** As Bob opens it; he is as before afterwards. */
  function opened(envelope) {
    const { value, code } = attempt(() => reader.open(envelope, today))
    if (code) expectSame(reader.save(), before, "the mailbox that refused a letter")
    else reader = restored()
    return code ?? value
  }

  function checkSealed(bytes, via) {
    const content = bytes.subarray(0, 4_000)
    const random = (length) => new Uint8Array(length).fill(7)
    const sealed = mailbox.sealEnvelope(content, today + 7, ephemeralSecret, [slots[via]], random)
    if (!mailbox.checkEnvelope(sealed)) throw new Error("a sealed envelope is none")
    const letter = opened(sealed)
    if (letter === null || typeof letter === "string") return letter ?? "nothing"
    const isAnonymous = letter.authorship === "anonymous"
    if (letter.via !== via) throw new Error(`a letter by ${via} came by ${letter.via}`)
    if (isAnonymous !== (letter.senderKey === null)) throw new Error("it is anonymous by half")
    if (isAnonymous && via !== "address") throw new Error("anonymous, by keys of a contact")
    if (!isAnonymous && !written.has(whatBobChecks(content))) throw new Error("forged")
    return letter.authorship
  }

  /** All of a letter but the proofs for others, of which he knows nothing. */
  function whatBobChecks(bytes) {
    const content = mailbox.decodeContent(bytes)
    const own = content.receiverKeys.findIndex((key) => hex(key) === hex(bob.identity.publicKey))
    const proof = content.proofs[content.authorship === "deniable" ? own : 0]
    return hex(concat(mailbox.encodeContent(content), proof ?? new Uint8Array(0)))
  }

  return (bytes) => {
    const original = Uint8Array.from(bytes)
    const shape = mailbox.checkEnvelope(bytes)
    const envelope = mailbox.readEnvelope(bytes)
    if ((shape === null) !== (envelope === null)) throw new Error("half an envelope")
    const found = [envelope ? "envelope" : "no envelope"]

    const raw = fitted(bytes)
    for (const one of [bytes, raw]) {
      const letter = opened(one)
      if (letter && typeof letter === "object" && !genuine.has(hex(one))) throw new Error("forged")
      if (letter !== null) found.push(letter.text ?? letter)
    }
    const posted = attempt(() => mailbox.openWithWords(bytes, words))
    if (posted.value) throw new Error("words opened what was not sealed for them")

    const { value: content } = attempt(() => mailbox.decodeContent(bytes))
    if (content) {
      expectSame(concat(mailbox.encodeContent(content), ...content.proofs), bytes, "a letter")
      if (content.files.some(({ name }) => /[/\\\p{Cc}]|^\.{0,2}$/u.test(name))) {
        throw new Error("a file has a path")
      }
    }
    for (const via of Object.keys(slots)) found.push(`${via}: ${checkSealed(bytes, via)}`)

    const asBytes = attempt(() => mailbox.decodeAddress(bytes), UsageError)
    if (asBytes.value && !genuine.has(hex(signedPart(bytes)))) throw new Error("a forged address")
    const text = mailbox.fromUtf8(bytes)
    const asText = text === null ? {} : attempt(() => mailbox.readAddressText(text), UsageError)
    if (asBytes.value || asText.value) found.push("address")
    expectSame(bytes, original, "the input")
    return found
  }
}

/** No signature is over an invitation's secret. */
function signedPart(address) {
  return address.subarray(0, 164)
}

/** The same as an envelope of 1 KiB. */
function fitted(bytes) {
  const out = new Uint8Array(1_024)
  out.set(bytes.subarray(0, 1_024))
  out.set([2, 0])
  return out
}

function expectSame(found, expected, what) {
  const isSame = found.length === expected.length && found.every((byte, i) => byte === expected[i])
  if (!isSame) throw new Error(`${what} is not the same any more`)
}
