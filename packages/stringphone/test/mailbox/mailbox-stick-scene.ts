import { hex, u16 } from "../../src/bytes/index.js"
import { hash, labelled, randomBytes } from "../../src/crypto/index.js"
import { exportToStick, importFromStick } from "../../src/session/mailbox/stick.js"
import type {
  ExportOptions,
  ExportResult,
  ImportOptions,
  ImportResult,
  StickParcel,
} from "../../src/session/mailbox/stick.js"
import type { NewEnvelope, StoredEnvelope } from "../../src/store/envelopes/port.js"
import type { StickFolder } from "../../src/store/stick-folder/port.js"

export const today = 20_000
export const fastCost = { passes: 1, memoryKib: 8 }

/** Of our form: version, shape, day, and then random bytes. */
export function envelopeOf(day: number = today + 10, bytes = 1_024): NewEnvelope {
  const envelope = randomBytes(bytes)
  envelope.set([2, 0])
  envelope.set(u16(day), 2)
  const stamp = randomBytes(8)
  return { id: idOf(envelope), day, stamp, stampBits: 0, link: "pen pal", bytes: envelope }
}

export function envelopesOf(count: number, day?: number, bytes?: number): NewEnvelope[] {
  return Array.from({ length: count }, () => envelopeOf(day, bytes))
}

export function check(envelope: Uint8Array): { id: Uint8Array; day: number } | null {
  if (envelope.length < 1_024 || envelope[0] !== 2) return null
  return { id: idOf(envelope), day: envelope[2]! * 256 + envelope[3]! }
}

function idOf(envelope: Uint8Array): Uint8Array {
  return hash(labelled("mailbox envelope", envelope))
}

/** A hub's envelopes, as much of its store as sticks need. */
export class Hub {
  readonly envelopes = new Map<string, StoredEnvelope>()
  #number = 0

  constructor(envelopes: readonly NewEnvelope[] = []) {
    for (const envelope of envelopes) this.put(envelope)
  }

  put(envelope: NewEnvelope): boolean {
    const key = hex(envelope.id)
    if (this.envelopes.has(key)) return false
    this.envelopes.set(key, { ...envelope, number: ++this.#number })
    return true
  }

  readonly store = {
    index: async () =>
      [...this.envelopes.values()].map(({ bytes, ...entry }) => ({
        ...entry,
        size: bytes.length,
      })),
    get: async (ids: readonly Uint8Array[]) => ids.map((id) => this.envelopes.get(hex(id)) ?? null),
    usage: async () => ({
      count: this.envelopes.size,
      bytes: 0,
      links: new Map(),
      lastNumber: this.#number,
    }),
  }

  readonly has = async (ids: readonly Uint8Array[]) => ids.map((id) => this.envelopes.has(hex(id)))

  readonly accept = async (parcels: readonly StickParcel[]) =>
    parcels.map((parcel) =>
      this.put({ ...parcel, stampBits: 0, link: "stick" }) ? ("new" as const) : ("known" as const),
    )

  exportTo(folder: StickFolder, options: Partial<ExportOptions> = {}): Promise<ExportResult> {
    const { store } = this
    return exportToStick({ folder, store, today, check, stretchCost: fastCost, ...options })
  }

  importFrom(folder: StickFolder, options: Partial<ImportOptions> = {}): Promise<ImportResult> {
    const { has, accept } = this
    return importFromStick({ folder, has, accept, today, check, ...options })
  }

  /** Its IDs, sorted. */
  get ids(): string[] {
    return [...this.envelopes.keys()].sort()
  }
}

export function idsOf(envelopes: readonly NewEnvelope[]): string[] {
  return envelopes.map(({ id }) => hex(id)).sort()
}

/** What a new hub finds on a stick. */
export async function readBy(folder: StickFolder, options: Partial<ImportOptions> = {}) {
  const hub = new Hub()
  const result = await hub.importFrom(folder, options)
  return { hub, result, ids: hub.ids }
}
