import { PeerError, sameBytes } from "../bytes/index.js"
import type { WonBy } from "./chain.js"
import { checkEntry, checkMemberCommit, type RulesOf } from "./commit-rules.js"
import { Entries } from "./entries.js"
import * as mls from "./mls/group.js"
import { type Seat, seatByKey, seatsOf } from "./roster.js"
import { deriveSlotKey, slotExporterLabel } from "./slot.js"
import type { StepData } from "./wire/commit-data.js"
import type { RoomPacket } from "./wire/packet.js"
import { decodeSettings } from "./wire/settings.js"

type StepPacket = Extract<RoomPacket, { readonly kind: "commit" | "entry" | "order" }>

/** The first step of the branch that won, taken from where the branches parted. */
export interface FirstStep {
  readonly group: mls.Group
  readonly wires: readonly Uint8Array[]
  readonly data: StepData
  readonly maker: Seat
}

/**
 * The way to a branch that is said to have won. A claim is only somebody's word, so nobody goes back for
 * it before the step that it speaks of has come, fits, and makes the epoch that it names. [ROOM-7-5]
 */
export class WayBack {
  readonly claim: WonBy
  readonly #group: () => mls.Group
  readonly #rules: RulesOf
  readonly #entries: Entries
  #slotSecret: Uint8Array | null = null

  /** @param group what we were at the end of the epoch where the branches part */
  constructor(claim: WonBy, group: () => mls.Group, needsVotes: boolean) {
    this.claim = claim
    this.#group = group
    const ended = group()
    const { roomId, epoch, leaves, authenticator } = ended
    const settings = decodeSettings(ended.settings)
    const seats = seatsOf(leaves)
    const auth8 = authenticator.slice(0, 8)
    // A takeover wins over nothing but another one, and that one we thought fair.
    const isTakeoverFair = true
    this.#rules = { roomId, epoch, auth8, seats, settings, isTakeoverFair, needsVotes }
    const { captainKey } = settings
    const slotKey = (grantId: Uint8Array): Promise<Uint8Array> => this.#slotKey(grantId)
    this.#entries = new Entries({ roomId, epoch, captainKey, slotKey })
  }

  get from(): number {
    return this.claim.from
  }

  /** @returns `null`: it is none of that branch, or its other half is still to come */
  async take(packet: StepPacket, wire: Uint8Array): Promise<FirstStep | null> {
    if (packet.epoch !== this.from) return null
    try {
      const step =
        packet.kind === "commit"
          ? await this.#commit(packet.mls, wire)
          : await this.#entry(packet, wire)
      const isIt = step && sameBytes(step.group.authenticator.slice(0, 8), this.claim.proof.auth8)
      return isIt ? step : null
    } catch (error) {
      // Most likely of our own branch, or of a third one.
      if (error instanceof PeerError) return null
      throw error
    }
  }

  async #commit(message: Uint8Array, wire: Uint8Array): Promise<FirstStep | null> {
    const checked: Pick<FirstStep, "data" | "maker">[] = []
    const group = await mls.apply(this.#group(), message, (facts) => {
      checked.push(checkMemberCommit(facts, this.#rules))
    })
    const [made] = checked
    return made ? { ...made, group, wires: [wire] } : null
  }

  async #entry(
    packet: Exclude<StepPacket, { readonly kind: "commit" }>,
    wire: Uint8Array,
  ): Promise<FirstStep | null> {
    const ordered = await this.#entries.receive(packet, wire)
    const maker = seatByKey(this.#rules.seats, this.#rules.settings.captainKey)
    if (!ordered || !maker) return null
    const { entry, orderWire, heads } = ordered
    const group = await mls.apply(this.#group(), entry.message, (facts) =>
      checkEntry(facts, this.#rules, entry.grantId),
    )
    return { group, wires: [entry.wire, orderWire], data: { kind: "entry", heads }, maker }
  }

  async #slotKey(grantId: Uint8Array): Promise<Uint8Array> {
    const empty = new Uint8Array(0)
    this.#slotSecret ??= await mls.exportSecret(this.#group(), slotExporterLabel, empty, 32)
    return deriveSlotKey(this.#slotSecret, grantId)
  }
}
