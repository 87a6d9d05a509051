import { sameBytes } from "../bytes/index.js"
import type { BranchProof, BranchStep } from "./wire/branch-proof.js"
import type { CastVote } from "./wire/vote.js"

/** One epoch that we were in: public facts, and how it went on. spec/room.md §6, §7 */
export interface EpochRecord {
  readonly epoch: number
  readonly auth8: Uint8Array
  /** Room keys by leaf; `null`: the leaf is empty. */
  readonly roomKeys: readonly (Uint8Array | null)[]
  readonly captainKey: Uint8Array
  readonly term: number
  /** The packets that led to the next epoch; empty while this one lasts. */
  readonly step: readonly Uint8Array[]
  /** Who made or ordered that step: a leaf of this epoch; `null` while it lasts. */
  readonly maker: number | null
  readonly kind: BranchStep | null
  /** Why that step counts, once its maker has said so. */
  readonly proof: BranchProof | null
  readonly votes: readonly CastVote[]
}

/** Why the other branch won, from this epoch on. */
export interface WonBy {
  readonly from: number
  readonly proof: BranchProof
  readonly votes: readonly CastVote[]
}

/** [ROOM-6-2] */
const maxRecords = 64
/** [ROOM-6-1] */
const maxTold = 16

/** The epochs that we were in, the newest last. Immutable. */
export class Chain {
  readonly records: readonly EpochRecord[]

  constructor(records: readonly EpochRecord[] = []) {
    this.records = records.slice(-maxRecords)
  }

  at(epoch: number): EpochRecord | null {
    return this.records.findLast((record) => record.epoch === epoch) ?? null
  }

  /** The epoch ended with these packets, and `next` began. */
  advanced(
    step: Pick<EpochRecord, "step" | "maker" | "kind" | "votes">,
    next: Omit<EpochRecord, "step" | "maker" | "kind" | "proof" | "votes">,
  ): Chain {
    const last = this.records.at(-1)
    const ended = last ? [...this.records.slice(0, -1), { ...last, ...step }] : []
    const open = { step: [], maker: null, kind: null, proof: null, votes: [] }
    return new Chain([...ended, { ...next, ...open }])
  }

  /** What we, who come in anew, know of the time before the branches parted, and why this one won. */
  inherited(former: Chain, { from, proof, votes }: WonBy): Chain {
    const known = former.records.filter(({ epoch }) => epoch <= from)
    const { leaf: maker, step: kind } = proof
    const before = known.map((record) =>
      record.epoch === from ? { ...record, step: [], maker, kind, proof, votes } : record,
    )
    return new Chain([...before, ...this.records])
  }

  /** What came after this epoch, as far as we know. */
  after(epoch: number): Pick<EpochRecord, "auth8" | "term"> | null {
    return this.at(epoch + 1) ?? this.at(epoch)?.proof ?? null
  }

  /** The step from `epoch` on is undone. */
  rewound(epoch: number): Chain {
    const open = { step: [], maker: null, kind: null, proof: null, votes: [] }
    return new Chain(
      this.records
        .filter((record) => record.epoch <= epoch)
        .map((record) => (record.epoch === epoch ? { ...record, ...open } : record)),
    )
  }

  /** The maker of the step from `epoch` said why it counts. */
  proven(epoch: number, proof: BranchProof): Chain {
    return new Chain(
      this.records.map((record) => (record.epoch === epoch ? { ...record, proof } : record)),
    )
  }

  /** What we tell others about where we are, or were in this epoch. */
  told(until: number): readonly { readonly epoch: number; readonly auth8: Uint8Array }[] {
    return this.records
      .filter(({ epoch }) => epoch <= until)
      .slice(-maxTold)
      .reverse()
      .map(({ epoch, auth8 }) => ({ epoch, auth8 }))
  }

  /** The packets since `epoch`, in order; empty when we have not all of them. */
  since(epoch: number): readonly Uint8Array[] {
    const from = this.records.findIndex((record) => record.epoch === epoch)
    const steps = from < 0 ? [] : this.records.slice(from, -1).map(({ step }) => step)
    return steps.some((step) => step.length === 0) ? [] : steps.flat()
  }

  /** The newest epoch that both have, where theirs and ours part afterwards. [ROOM-6-4] */
  lastCommon(
    told: readonly { readonly epoch: number; readonly auth8: Uint8Array }[],
  ): EpochRecord | null {
    for (const { epoch, auth8 } of told) {
      const record = this.at(epoch)
      if (record && sameBytes(record.auth8, auth8)) return record
    }
    return null
  }
}
