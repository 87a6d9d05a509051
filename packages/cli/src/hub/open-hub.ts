import { randomBytes } from "node:crypto"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { concat, ChannelError } from "stringphone/bytes"
import { configDirectory } from "stringphone/keyring/node"
import { checkEnvelope, dummyEnvelope, expiryDay } from "stringphone/mailbox"
import {
  type AcceptResult,
  type MailHub,
  type MailHubEvent,
  type MailHubOptions,
  openHub,
} from "stringphone/session/mailbox/hub"
import type { StickParcel } from "stringphone/session/mailbox/stick"
import { openEnvelopeStore } from "stringphone/store/envelopes/node"
import type { HubConfig, HubServiceLimits } from "./config.js"
import { releasedFile } from "./released-file.js"

export type EnvelopeStore = Awaited<ReturnType<typeof openEnvelopeStore>>

/** Another command may be at work for a moment. */
const lockedPatienceMs = 5_000

/** Where mail commands have their envelopes: all key rings of a folder share one hub. */
export function hubFolder(): string {
  return join(configDirectory(), "hub")
}

/** The service has its own: one process uses a folder at a time, and people write meanwhile. */
export function serviceFolder(): string {
  return join(configDirectory(), "hub-service")
}

/** The envelopes of this computer. @throws {ChannelError} `store-locked`, and those of the store */
export async function openEnvelopes(folder: string = hubFolder()): Promise<EnvelopeStore> {
  const untilMs = performance.now() + lockedPatienceMs
  for (;;) {
    try {
      return await openEnvelopeStore(folder)
    } catch (error) {
      const isLocked = error instanceof ChannelError && error.code === "store-locked"
      if (!isLocked || performance.now() > untilMs) throw error
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }
}

/** What a service keeps its envelopes in, and the folder for the rest, which is its own until the end. */
export interface ServicePlace {
  readonly store: EnvelopeStore
  readonly folder: string
  /** Gives the folder back; the store is closed with its hub. */
  release(): Promise<void>
}

/** @throws {ChannelError} `store-locked`: another process has the folder; those of the store */
export async function openServicePlace({ archive, folder }: HubConfig): Promise<ServicePlace> {
  const path = folder ?? serviceFolder()
  await mkdir(path, { recursive: true, mode: 0o700 })
  const local = await openEnvelopes(path)
  if (archive === null) return { store: local, folder: path, release: async () => {} }
  // Also with an archive a folder is for one process: two would be one hub to the backbone, and each
  // would get a part of the mail.
  try {
    const { openPostgresEnvelopeStore } = await import("stringphone/store/envelopes/postgres")
    const store = await openPostgresEnvelopeStore(archive)
    return { store, folder: path, release: () => local.close() }
  } catch (error) {
    await local.close()
    throw error
  }
}

/** A hub for one command: what is here may be seen by others at once. */
export function openHubOnce(
  store: EnvelopeStore,
  limits: HubServiceLimits,
  onEvent: (event: MailHubEvent) => void = () => {},
): Promise<MailHub> {
  return openHub({ store, check: checkEnvelope, limits: hubLimits(limits), onEvent })
}

/** A hub for as long as the service runs: it mixes, and remembers what others have seen. */
export function openHubForService(
  store: EnvelopeStore,
  limits: HubServiceLimits,
  folder: string,
  onEvent: (event: MailHubEvent) => void,
): Promise<MailHub> {
  const { coverEveryMs, holdMs } = limits
  return openHub({
    store,
    check: checkEnvelope,
    limits: hubLimits(limits),
    mixing: { meanMs: holdMs },
    ...(coverEveryMs > 0 && { cover: { everyMs: coverEveryMs, makeDummy } }),
    released: releasedFile(join(folder, "released")),
    onEvent,
  })
}

/** Hands the parcels of a stick to the hub, which charges the stick for them. */
export function acceptFrom(
  hub: MailHub,
  link: string,
): (parcels: readonly StickParcel[]) => Promise<readonly ("new" | "known" | "refused")[]> {
  return async (parcels) => {
    const results = await hub.accept(
      parcels.map(({ bytes, stamp }) => concat(stamp, bytes)),
      link,
    )
    return results.map(outcomeOf)
  }
}

function outcomeOf({ kind }: AcceptResult): "new" | "known" | "refused" {
  return kind === "stored" ? "new" : kind
}

function hubLimits(limits: HubServiceLimits): NonNullable<MailHubOptions["limits"]> {
  const { linkMaxBytes, linkSharePercent, maxBytes, maxEnvelopeBytes, minStampBits } = limits
  return {
    maxBytes,
    maxEnvelopeBytes,
    minStampBits,
    linkShare: linkSharePercent / 100,
    ...(linkMaxBytes !== null && { linkMaxBytes }),
  }
}

/** As a short letter to one or a few, which is what people mostly write. */
const dummyShapes = [
  { slotCount: 1, size: 1_024 },
  { slotCount: 1, size: 4_096 },
  { slotCount: 4, size: 4_096 },
] as const

function makeDummy(today: number): Uint8Array {
  const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
  const [byte = 0] = random(1)
  const shape = dummyShapes[byte % dummyShapes.length] ?? dummyShapes[0]
  return dummyEnvelope(shape, expiryDay(today, 14, random), random)
}
