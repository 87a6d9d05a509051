import { ChannelError } from "../../bytes/index.js"
import { storeClosed } from "../usage.js"
import { type Addition, planAddition } from "./addition.js"
import type { EnvelopeDisk } from "./disk.js"
import { type EnvelopeIndex, type Row, ownStamp } from "./envelope-index.js"
import { idOf, keyOf } from "./envelope-key.js"
import { assertDay, assertIds, ownEnvelopes } from "./own-envelopes.js"
import type {
  EnvelopeEntry,
  EnvelopeStore,
  EnvelopeUsage,
  NewEnvelope,
  StoredEnvelope,
} from "./port.js"

/** How much of what waits is written at once. */
const GROUP_BYTES = 8 << 20

interface WaitingAdd {
  readonly envelopes: readonly NewEnvelope[]
  readonly resolve: (isNew: readonly boolean[]) => void
  readonly reject: (error: unknown) => void
}

type Job = WaitingAdd | (() => Promise<void>)

/**
 * A store whose index is in memory and whose bytes are on a disk. Changes happen one after the other;
 * what is added while the disk is busy is written together, so that a slow disk costs delay and not
 * throughput. A change shows when it is durable.
 */
export class IndexedEnvelopeStore<Place> implements EnvelopeStore {
  readonly #index: EnvelopeIndex<Place>
  readonly #disk: EnvelopeDisk<Place>
  readonly #jobs: Job[] = []
  #working: Promise<void> | null = null
  #closing: Promise<void> | null = null

  constructor(index: EnvelopeIndex<Place>, disk: EnvelopeDisk<Place>) {
    this.#index = index
    this.#disk = disk
  }

  async add(envelopes: readonly NewEnvelope[]): Promise<readonly boolean[]> {
    this.#assertOpen()
    const own = ownEnvelopes(envelopes)
    return new Promise((resolve, reject) => {
      this.#enqueue({ envelopes: own, resolve, reject })
    })
  }

  async get(ids: readonly Uint8Array[]): Promise<readonly (StoredEnvelope | null)[]> {
    this.#assertOpen()
    assertIds(ids)
    const rows = ids.map((id) => this.#index.find(id))
    const found = await this.#read(rows.filter((row) => row !== null))
    return rows.map((row) => (row === null ? null : (found.get(row) ?? null)))
  }

  async has(ids: readonly Uint8Array[]): Promise<readonly boolean[]> {
    this.#assertOpen()
    assertIds(ids)
    return ids.map((id) => this.#index.find(id) !== null)
  }

  async index(): Promise<readonly EnvelopeEntry[]> {
    this.#assertOpen()
    return this.#index.entries()
  }

  async since(number: number, limit: number): Promise<readonly StoredEnvelope[]> {
    this.#assertOpen()
    const rows = this.#index.after(number, limit)
    const found = await this.#read(rows)
    return rows.flatMap((row) => found.get(row) ?? [])
  }

  async drop(ids: readonly Uint8Array[]): Promise<number> {
    this.#assertOpen()
    assertIds(ids)
    const own = ids.map((id) => new Uint8Array(id))
    return this.#change(async () => {
      const rows = new Set(own.flatMap((id) => this.#index.find(id) ?? []))
      return this.#drop(rows)
    })
  }

  async expire(beforeDay: number): Promise<number> {
    this.#assertOpen()
    assertDay(beforeDay)
    return this.#change(async () => {
      await this.#disk.expire(beforeDay)
      const days = this.#index.days().filter((day) => day < beforeDay)
      const rows = days.flatMap((day) => [...this.#index.rowsOf(day)])
      for (const row of rows) this.#index.remove(row)
      return rows.length
    })
  }

  async usage(): Promise<EnvelopeUsage> {
    this.#assertOpen()
    return this.#index.usage()
  }

  async close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#working
      await this.#disk.close()
    })()
    await this.#closing
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw storeClosed()
  }

  async #read(rows: readonly Row<Place>[]): Promise<ReadonlyMap<Row<Place>, StoredEnvelope>> {
    // Their stamps may get better while we read.
    const heads = rows.map(({ key, day, number, link, stamp, stampBits }) => {
      return { id: idOf(key), day, number, link, stamp: new Uint8Array(stamp), stampBits }
    })
    const all = await this.#disk.read(rows)
    const found = new Map<Row<Place>, StoredEnvelope>()
    const damaged = new Set<Row<Place>>()
    for (const [i, row] of rows.entries()) {
      const bytes = all[i] ?? null
      if (bytes === null) damaged.add(row)
      else found.set(row, { ...(heads[i] as (typeof heads)[number]), bytes })
    }
    // Whoever still has it can bring it again.
    if (damaged.size > 0 && this.#closing === null) await this.#change(() => this.#drop(damaged))
    return found
  }

  async #drop(asked: ReadonlySet<Row<Place>>): Promise<number> {
    const rows = [...asked].filter(({ isDropped }) => !isDropped)
    if (rows.length === 0) return 0
    await this.#disk.drop(rows)
    for (const row of rows) this.#index.remove(row)
    return rows.length
  }

  #change<T>(run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#enqueue(() => run().then(resolve, reject))
    })
  }

  #enqueue(job: Job): void {
    this.#jobs.push(job)
    this.#working ??= this.#work()
  }

  async #work(): Promise<void> {
    // What is called in the same turn is written together.
    await Promise.resolve()
    for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) {
      if (typeof job === "function") await job()
      else await this.#addAll([job, ...this.#followingAdds(job)])
    }
    this.#working = null
  }

  #followingAdds(first: WaitingAdd): readonly WaitingAdd[] {
    const adds: WaitingAdd[] = []
    let bytes = bytesOf(first)
    for (let next = this.#jobs[0]; next !== undefined; next = this.#jobs[0]) {
      if (typeof next === "function") break
      bytes += bytesOf(next)
      if (bytes > GROUP_BYTES) break
      adds.push(next)
      this.#jobs.shift()
    }
    return adds
  }

  async #addAll(adds: readonly WaitingAdd[]): Promise<void> {
    const batches = adds.map(({ envelopes }) => envelopes)
    try {
      const addition = planAddition(this.#index, batches)
      await this.#write(addition)
      for (const [i, { resolve }] of adds.entries()) resolve(addition.isNew[i] ?? [])
    } catch (error) {
      if (adds.length === 1 || !isFull(error)) return adds.forEach(({ reject }) => reject(error))
      // One alone may still have room.
      for (const add of adds) await this.#addAll([add])
    }
  }

  async #write({ added, stamped }: Addition<Place>): Promise<void> {
    if (added.length === 0 && stamped.length === 0) return
    const places = await this.#disk.write({ added, stamped })
    for (const [i, envelope] of added.entries()) {
      const { id, day, number, link, stampBits, bytes } = envelope
      const known = { key: keyOf(id), day, number, link, stampBits, size: bytes.length }
      this.#index.add({ ...known, stamp: ownStamp(envelope.stamp), place: places[i] as Place })
    }
    for (const { row, stamp, stampBits } of stamped) Object.assign(row, { stamp, stampBits })
  }
}

function bytesOf({ envelopes }: WaitingAdd): number {
  return envelopes.reduce((sum, { bytes }) => sum + bytes.length, 0)
}

function isFull(error: unknown): boolean {
  return error instanceof ChannelError && error.code === "store-full"
}
