import { randomBytes } from "../../src/crypto/index.js"
import { decodeGroup, type Group, seal } from "../../src/room/mls/group.js"
import { signBranch, signVote } from "../../src/room/room-key.js"
import { decodeSaved, type SavedRoom } from "../../src/room/saved.js"
import type { BranchProof } from "../../src/room/wire/branch-proof.js"
import { encodeClaim } from "../../src/room/wire/claim.js"
import { encodeMessagePacket } from "../../src/room/wire/message.js"
import { encodePayload, type PayloadBody } from "../../src/room/wire/payload.js"
import type { CastVote } from "../../src/room/wire/vote.js"
import type { Person } from "./room-people.js"

const nothing = new Uint8Array(0)

/** A member whose program does as it likes: what it signs and seals is genuine, whatever it says. */
export class Mallory {
  readonly state: SavedRoom
  #group: Group

  private constructor(state: SavedRoom, group: Group) {
    this.state = state
    this.#group = group
  }

  static async of({ store }: Person): Promise<Mallory> {
    const entry = await store.get("room/room/state")
    const state = decodeSaved<SavedRoom>(entry!.value)
    let group = decodeGroup(state.group, { randomBytes, isCredentialValid: () => true })
    // Beyond what the genuine program has used.
    for (let i = 0; i < 100; i++) group = (await seal(group, nothing, nothing)).group
    return new Mallory(state, group)
  }

  /** What everybody votes on in our epoch. */
  ballot(term: number, candidate: number) {
    const { roomId, epoch, authenticator, leaves } = this.#group
    const { signatureKey: candidateKey } = leaves.find(({ index }) => index === candidate)!
    return { roomId, epoch, auth8: authenticator.slice(0, 8), term, candidateKey }
  }

  castVote(term: number, candidate: number): CastVote {
    const signature = signVote(this.ballot(term, candidate), this.state.roomSeed)
    return { leaf: this.#group.ownIndex, signature }
  }

  async vote(term: number, candidate: number): Promise<Uint8Array> {
    const { signature } = this.castVote(term, candidate)
    return this.#seal({ kind: "vote", term, candidate, signature })
  }

  claim(
    from: number,
    facts: Omit<BranchProof, "signature">,
    votes: readonly CastVote[] = [],
  ): Uint8Array {
    const { roomId, roomSeed } = this.state
    const signature = signBranch({ roomId, from, ...facts }, roomSeed)
    return encodeClaim({ roomId, from, proof: { ...facts, signature }, votes })
  }

  async #seal(body: PayloadBody): Promise<Uint8Array> {
    const payload = encodePayload({ ...body, number: 0, sentAt: 1, parents: [] })
    const sealed = await seal(this.#group, payload, this.#group.authenticator.slice(0, 8))
    this.#group = sealed.group
    return encodeMessagePacket(sealed.message)
  }
}
