import { fromHex, hex } from "../bytes/index.js"
import { PeerError } from "../bytes/index.js"
import type { Effects, MemberFacts } from "./effects.js"
import type { Member } from "./member.js"
import { Pauses } from "./pauses.js"
import { isProof, makeProof, proofKey } from "./proof.js"
import { type Seat, seatByKey } from "./roster.js"
import type { RoomTime } from "./time.js"
import { type Credential, decodeCredential } from "./wire/credential.js"
import type { MemberProof } from "./wire/payload.js"

/** In a deniable room: who has proven to us to be who it says. spec/room.md §9 */
export class Proofs {
  readonly #member: Member
  /** Room keys in hexadecimal. */
  readonly #proven = new Set<string>()
  readonly #due = new Pauses<Uint8Array>()
  #arrived: readonly Uint8Array[] = []

  constructor(member: Member) {
    this.#member = member
  }

  /** In other rooms the credential proves it. */
  isProven(seat: MemberFacts): boolean {
    const { settings, own } = this.#member
    return !settings.isDeniable || seat.leaf === own.leaf || this.#proven.has(hex(seat.roomKey))
  }

  get proven(): readonly string[] {
    // Who never came in need not be remembered.
    return [...this.#proven].filter((key) => seatByKey(this.#member.seats, fromHex(key)))
  }

  prove(roomKeys: readonly string[]): void {
    for (const key of roomKeys) this.#proven.add(key)
  }

  /** A newcomer's request: in a deniable room it has to prove itself. [ROOM-9-3] */
  isGenuine(proof: Uint8Array | null, credential: Credential, roomKey: Uint8Array): boolean {
    if (!this.#member.settings.isDeniable) return true
    const key = this.#key(credential)
    if (!key || !proof) return false
    const { identityKey } = credential
    const parties = {
      senderIdentityKey: identityKey,
      senderRoomKey: roomKey,
      receiverRoomKey: this.#member.own.roomKey,
    }
    if (!isProof(proof, key, parties)) return false
    this.#proven.add(hex(roomKey))
    return true
  }

  /** Ours, for somebody with this credential; `null`: this room needs none. */
  proofFor(credential: Uint8Array, roomKey: Uint8Array): Uint8Array | null {
    const key = this.#key(decodeCredential(credential))
    const { own } = this.#member
    return (
      key &&
      makeProof(key, {
        senderIdentityKey: own.identityKey,
        senderRoomKey: own.roomKey,
        receiverRoomKey: roomKey,
      })
    )
  }

  /** A newcomer is to get our proof after a short pause: many are to give it theirs. */
  cameIn(seat: Seat): void {
    if (this.#member.settings.isDeniable && !this.#member.isCaptain) {
      this.#arrived = [...this.#arrived, seat.roomKey]
    }
  }

  /** We came in: all but the captain get our proof. */
  async proveToAll(time: RoomTime, out: Effects): Promise<void> {
    const { own, captain, seats } = this.#member
    await this.#send(
      seats.filter(({ leaf }) => leaf !== own.leaf && leaf !== captain?.leaf),
      time,
      out,
    )
  }

  async tick(time: RoomTime, out: Effects): Promise<void> {
    const [byte = 0] = this.#arrived.length > 0 ? this.#member.ports.randomBytes(1) : []
    for (const roomKey of this.#arrived) this.#due.add(500 + byte * 16, time, roomKey)
    this.#arrived = []
    const seats = this.#due.take(time).flatMap((key) => seatByKey(this.#member.seats, key) ?? [])
    await this.#send(seats, time, out)
  }

  /** @throws {PeerError} `bad-proof` */
  received(proofs: readonly MemberProof[], sender: MemberFacts): void {
    const { own, seats, settings } = this.#member
    const seat = seatByKey(seats, sender.roomKey)
    const ours = proofs.find(({ leaf }) => leaf === own.leaf)
    if (!settings.isDeniable || !seat || !ours) return
    if (this.isGenuine(ours.proof, seat.credential, seat.roomKey)) return
    throw new PeerError(
      "bad-proof",
      "A member of this room could not prove to be who they say. Do not trust them.",
    )
  }

  async #send(seats: readonly Seat[], time: RoomTime, out: Effects): Promise<void> {
    const { group } = this.#member
    const proofs = seats.flatMap(({ leaf, roomKey }): MemberProof[] => {
      const credential = group.leaves.find(({ index }) => index === leaf)?.credential
      const proof = credential ? this.proofFor(credential, roomKey) : null
      return proof ? [{ leaf, proof }] : []
    })
    if (proofs.length > 0) await this.#member.send({ kind: "proof", proofs }, time, out)
  }

  #key(other: Credential): Uint8Array | null {
    const { own, ports, roomExchangeSecret, roomId } = this.#member
    if (!roomExchangeSecret) return null
    const keys = { identity: ports.identity, roomExchangeSecret }
    return proofKey(keys, own.credential, other, roomId)
  }
}
