// Invariant: any lines and packet texts give a value, null or a PeerError; a step gives notices or
// effects and never throws on what comes in; the state is unchanged where nothing was accepted.

/** Also what the unit test checks; `room` is the module under test. */
export function roomClassicTarget(room, { PeerError }) {
  const seed = (byte) => new Uint8Array(32).fill(byte)
  const alice = room.packetSigner(seed(1))
  const bob = room.packetSigner(seed(2))
  const contacts = [alice, bob].map(({ publicKey }, i) => ({
    petname: `person ${i}`,
    publicKey,
    exchangePublicKey: null,
    decisions: [{ state: "trusted", atMs: 0 }],
  }))
  const random = (length) => new Uint8Array(length).fill(7)
  const outside = room.outsideClassicRoom
  const step = (state, event, signer) =>
    room.stepClassicRoom(state, event, { signer, contacts, random, nowMs: 0 })
  const [captain] = step(outside, { kind: "start", others: [] }, alice)
  const [joining, [asked]] = step(outside, { kind: "join", others: ["alice"] }, bob)
  const hear = (state, text, signer) =>
    step(state, { kind: "packet", from: "somebody", isPrivate: false, text }, signer)
  const [leading, effects] = hear(captain, asked.text, alice)
  const sent = effects.find(({ kind }) => kind === "send")
  const [member] = hear(joining, sent.text, bob)
  if (leading.members.length !== 1 || member.phase !== "member") throw new Error("no room")
  const receivers = [
    [outside, bob],
    [captain, alice],
    [joining, bob],
    [leading, alice],
    [member, bob],
  ]

  function attempt(run) {
    try {
      return run()
    } catch (error) {
      if (error instanceof PeerError && typeof error.code === "string") return null
      throw error
    }
  }

  return (bytes) => {
    const text = String.fromCharCode(...bytes)
    const reassembler = new room.Reassembler({ maxPartials: 2, maxChars: 500 })
    for (const line of [text, `?VLA,1,2!${text}`, `?VLA,2,2!${text}`, `?VLA,${text}`]) {
      const whole = attempt(() => reassembler.add({ from: "a", target: "b", text: line }))
      if (whole !== null && typeof whole !== "string") throw new Error("not a text")
      if (reassembler.waiting > 2) throw new Error("too much waits")
    }
    const packet = attempt(() => room.decodePacket(text))
    if (packet && room.encodePacket(packet) !== text) throw new Error("two texts for one packet")
    if (packet) {
      room.verifyPacket(packet)
      if (packet.kind === "key-transport") room.openRoomMessageKey(packet, seed(3))
      if (packet.kind === "room-message") room.openRoomMessage(packet, seed(3))
    }
    for (const [state, signer] of receivers) {
      const [next, effects] = hear(state, text, signer)
      const changed = next !== state
      const accepted = effects.some(
        ({ kind, notice }) => kind !== "notice" || notice.kind !== "rejected",
      )
      if (changed && !packet) throw new Error("no packet, and yet a change")
      if (!packet && accepted) throw new Error("no packet, and yet accepted")
    }
  }
}
