// Invariant: any bytes give a value that encodes to them again, null, or a PeerError; whoever is at the door of a room opens them, or refuses them by a PeerError.

/** What is read as it is on the channel, and what is read once it was opened. */
const formats = [
  ["decodeSettings", "encodeSettings"],
  ["decodeCredential", "encodeCredential"],
  ["decodeOfferFields", "encodeOfferFields"],
  ["decodeRequestFields", "encodeRequestFields"],
  ["decodeAnswerFields", "encodeAnswerFields"],
  ["decodeGrantFields", "encodeGrantFields"],
  ["decodeEntryData", "encodeEntryData"],
  ["decodeOrderFields", "encodeOrderFields"],
  ["decodeCommitData", "encodeCommitData"],
  ["decodePayload", "encodePayload"],
]

/** In what is built. */
export const roomModules = [
  ...["settings", "credential", "offer", "request", "answer", "grant", "entry", "entry-data"],
  ...["order", "commit", "commit-data", "payload", "message", "knock", "behind", "claim", "packet"],
]
  .map((name) => `room/wire/${name}.js`)
  .concat("room/attempt.js", "room/slot.js")

/**
 * Also what the property test checks.
 *
 * @param room all that `roomModules` export, and `PeerError`
 * @param secrets of the attempt and the slot in the corpus: `newcomerSecret`, `captainSecret`,
 *   `slotKey` and `roomId`, in hexadecimal
 * @returns a function that checks one input, and returns what it read as
 */
export function roomDecodeTarget(room, secrets) {
  const [newcomerSecret, captainSecret, slotKey, roomId] = [
    ...[secrets.newcomerSecret, secrets.captainSecret, secrets.slotKey, secrets.roomId],
  ].map(fromHex)
  const attempt = room.newAttempt(newcomerSecret)
  const keys = room.answerKnock(attempt.publicKey, captainSecret)

  const encoders = {
    knock: room.encodeKnock,
    offer: room.encodeOffer,
    request: room.encodeRequest,
    answer: room.encodeAnswer,
    grant: room.encodeGrant,
    entry: (packet) => room.encodeEntry(packet, packet.box),
    order: (packet) => room.encodeOrder(packet, packet.box),
    commit: ({ mls }) => room.encodeCommitPacket(mls),
    message: ({ mls }) => room.encodeMessagePacket(mls),
    behind: room.encodeBehind,
    claim: room.encodeClaim,
  }
  const openers = {
    offer: (packet) => room.openOffer(attempt, packet),
    request: (packet) => room.openRequest(keys, { roomId, isDeniable: false }, packet),
    answer: (packet) => room.openAnswer(keys, packet),
    grant: (packet) => room.openGrant(keys, packet),
    entry: (packet) => room.openEntry(slotKey, packet),
    order: (packet) => room.openOrder(slotKey, packet),
  }

  return (bytes) => {
    const original = Uint8Array.from(bytes)
    const found = formats.flatMap(([decode, encode]) => {
      const { value } = attempted(() => room[decode](bytes))
      if (value !== undefined) expectSame(room[encode](value), bytes, decode)
      return value === undefined ? [] : [decode]
    })
    const { code, value: packet } = attempted(() => room.decodeRoomPacket(bytes))
    if (packet) {
      expectSame(encoders[packet.kind](packet), bytes, packet.kind)
      const opener = openers[packet.kind]
      const opened = opener && attempted(() => opener(packet))
      found.push(opened?.value ? `${packet.kind}, opened` : (opened?.code ?? packet.kind))
    } else found.push(code ?? "not for us")
    expectSame(bytes, original, "the input")
    return found
  }

  function attempted(run) {
    try {
      return { value: run() }
    } catch (thrown) {
      if (thrown instanceof room.PeerError && typeof thrown.code === "string") {
        return { code: thrown.code }
      }
      throw new Error("it threw another error", { cause: thrown })
    }
  }
}

function expectSame(found, expected, what) {
  const isSame = found.length === expected.length && found.every((byte, i) => byte === expected[i])
  if (!isSame) throw new Error(`${what} is not the same any more`)
}

function fromHex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
