// A client that behaves as the original Flute does, down to what it leaves out: it checks no signature
// of a message, remembers nothing that it heard, adds whoever asks before it looks whether it trusts
// them, keeps one transport key, and sends in clear what it can not encrypt. Our codecs, not our machine.
import { fromUtf8, sameBytes, utf8 } from "../../src/bytes/index.js"
import { exchangePublicKey, randomBytes } from "../../src/crypto/index.js"
import type { Identity } from "../../src/identity/index.js"
import {
  decodePacket,
  encodePacket,
  fragment,
  isFragment,
  type KeyTransport,
  openRoomMessage,
  openRoomMessageKey,
  type Packet,
  packetSigner,
  Reassembler,
  type RoomJoin,
  type RoomMessage,
  sealRoomMessage,
  sealRoomMessageKey,
  signRoomJoin,
  verifyPacket,
} from "../../src/room/classic/index.js"
import type { TextChannel } from "../../src/transport/index.js"

export class OriginalClient {
  /** What its user sees. */
  readonly shown: string[] = []
  /** By nick: everyone who gets the next key. */
  readonly members = new Map<string, Uint8Array>()
  /** Newest first, at most ten. */
  keys: readonly Uint8Array[] = []
  readonly channel: TextChannel
  readonly #signer
  readonly #friends: readonly Uint8Array[]
  readonly #reassembler = new Reassembler()
  #roomPrivateKey = randomBytes(32)
  #counter = 0
  #phase: "outside" | "captain" | "member" = "outside"

  constructor(channel: TextChannel, identity: Identity, friends: readonly Identity[]) {
    this.channel = channel
    this.#signer = packetSigner(identity.exportSeed())
    this.#friends = friends.map(({ publicKey }) => publicKey)
    channel.onEvent((event) => {
      if (event.kind === "line") this.#hear(event.from, event.text)
      if (event.kind === "left" && this.members.delete(event.who)) this.rekey()
    })
  }

  start(): void {
    this.#phase = "captain"
  }

  join(): void {
    this.#phase = "member"
    this.#roomPrivateKey = randomBytes(32)
    this.#counter = 0
    this.#send(signRoomJoin(this.#signer, this.#roomPrivateKey))
  }

  say(text: string): void {
    const [key] = this.keys
    if (key) this.#send(sealRoomMessage(this.#signer, utf8(text), key, randomBytes))
    else void this.channel.send(text)
  }

  rekey(): void {
    if (this.#phase !== "captain" || this.members.size === 0) return
    const roomMessageKey = randomBytes(32)
    this.#counter += 1
    this.#keep(roomMessageKey)
    const content = {
      roomMessageKey,
      transportPrivateKey: this.#roomPrivateKey,
      counter: this.#counter,
      participantKeys: [...this.members.values()],
    }
    this.#send(sealRoomMessageKey(this.#signer, content, randomBytes))
  }

  #hear(from: string, line: string): void {
    if (!isFragment(line)) return void this.shown.push(`[UNENCRYPTED] ${line}`)
    const text = this.#reassembler.add({ from, target: "#", text: line })
    if (text === null) return
    const packet = decodePacket(text)
    if (packet.kind === "room-join") this.#hearJoin(from, packet)
    if (packet.kind === "key-transport") this.#hearKey(packet)
    if (packet.kind === "room-message") this.#hearMessage(packet)
  }

  #hearJoin(from: string, packet: RoomJoin): void {
    if (this.#phase === "outside" || !verifyPacket(packet)) return
    this.members.set(from, packet.participantKey)
    if (this.#trusts(packet.identityKey)) this.rekey()
  }

  #hearKey(packet: KeyTransport): void {
    if (this.#phase !== "member" || !this.#trusts(packet.captainIdentityKey)) return
    if (!verifyPacket(packet) || packet.counter <= this.#counter) return
    const key = openRoomMessageKey(packet, this.#roomPrivateKey)
    if (!key) return
    this.#counter = packet.counter
    this.#keep(key)
  }

  #hearMessage(packet: RoomMessage): void {
    for (const key of this.keys) {
      const plaintext = openRoomMessage(packet, key)
      if (plaintext) return void this.shown.push(`[ENCRYPTED] ${fromUtf8(plaintext) ?? "?"}`)
    }
  }

  #trusts(identityKey: Uint8Array): boolean {
    return this.#friends.some((friend) => sameBytes(friend, identityKey))
  }

  #keep(key: Uint8Array): void {
    this.keys = [key, ...this.keys].slice(0, 10)
  }

  #send(packet: Packet): void {
    for (const line of fragment(encodePacket(packet))) void this.channel.send(line)
  }

  /** X25519, 32 bytes. */
  get transportKey(): Uint8Array {
    return exchangePublicKey(this.#roomPrivateKey)
  }
}
