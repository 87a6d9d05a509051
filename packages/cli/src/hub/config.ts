import { resolve } from "node:path"
import { UsageError } from "stringphone/bytes"
import type { ChannelAddress } from "../channel-address.js"
import { Fields } from "../bridge/fields.js"
import { type ListenPlace, parseHubAddress, parseListen } from "./address.js"
import {
  type ArchiveAddress,
  defaultSchema,
  hasArchivePassword,
  parseArchive,
  parseSchema,
} from "./archive-address.js"
import { type BackboneAddress, hasBackboneLogin, parseBackbone } from "./backbone-address.js"

/** What a hub does, and how much it takes. */
export interface HubConfig {
  readonly listenTcp: readonly ListenPlace[]
  readonly listenWs: readonly ListenPlace[]
  /** May hold logins: do not print them. */
  readonly connect: readonly ChannelAddress[]
  /** May hold a login, as an archive may. */
  readonly backbone: BackboneAddress | null
  readonly watch: readonly string[]
  readonly http: ListenPlace | null
  /** Keeps the envelopes instead of the folder. */
  readonly archive: ArchiveAddress | null
  /** Where the envelopes are, or with an archive all the rest; `null`: beside the key rings. */
  readonly folder: string | null
  readonly limits: HubServiceLimits
  /** The date is right, however long ago the last one was. */
  readonly isDateConfirmed: boolean
  /** A login stands in the file itself. */
  readonly hasSecrets: boolean
}

export interface HubServiceLimits {
  /** Of all envelopes together. */
  readonly maxBytes: number
  /** Of those of one neighbour; `null`: its share counts alone. */
  readonly linkMaxBytes: number | null
  /** The part of `maxBytes` that one neighbour may have. */
  readonly linkSharePercent: number
  readonly maxEnvelopeBytes: number
  readonly minStampBits: number
  /** How long an envelope is held on average before others may see that it is here; 0: not at all. */
  readonly holdMs: number
  /** Between envelopes of our own, mail or dummy; 0: no cover. */
  readonly coverEveryMs: number
  readonly maxConnections: number
  /** Between two looks at a watched folder. */
  readonly watchEveryMs: number
  /** Of a backbone's stream, when this hub makes it. */
  readonly backboneMaxBytes: number
}

const mebibyte = 1_048_576

/** The fields of `limits`: what counts where nothing is said, and what may be said. */
const bounds: Readonly<
  Record<keyof HubServiceLimits, readonly [missing: number | null, min: number, max: number]>
> = {
  maxBytes: [1_024 * mebibyte, mebibyte, 1_024 * 1_024 * mebibyte],
  linkMaxBytes: [null, 1_024, 1_024 * 1_024 * mebibyte],
  linkSharePercent: [50, 1, 100],
  maxEnvelopeBytes: [mebibyte, 1_024, mebibyte],
  minStampBits: [0, 0, 64],
  holdMs: [30_000, 0, 3_600_000],
  coverEveryMs: [0, 0, 86_400_000],
  maxConnections: [1_000, 1, 65_535],
  watchEveryMs: [10_000, 1_000, 86_400_000],
  backboneMaxBytes: [16_384 * mebibyte, mebibyte, 1_024 * 1_024 * mebibyte],
}

export type LimitName = keyof HubServiceLimits

/** What the command line says; each of its lists replaces that of the file. */
export interface HubFlags {
  readonly listenTcp?: readonly string[]
  readonly listenWs?: readonly string[]
  readonly connect?: readonly string[]
  readonly watch?: readonly string[]
  readonly backbone?: string
  readonly archive?: string
  readonly archiveSchema?: string
  readonly http?: string
  readonly folder?: string
  readonly confirmDate?: boolean
  readonly limits: Readonly<Partial<Record<LimitName, number>>>
}

const oneNames = ["http", "folder", "backbone", "archive", "archiveSchema"] as const
type OneName = (typeof oneNames)[number]

export const noFlags: HubFlags = { limits: {} }

/**
 * The configuration of a file and of the flags, which win.
 * @throws {UsageError} `bad-config`, `bad-address`, `bad-schema`, `secret-in-url`
 */
export function parseHubConfig(file: unknown, flags: HubFlags): HubConfig {
  const fields = new Fields(file, "")
  const connect = flags.connect ?? fields.texts("connect", [], problemOf(parseHubAddress))
  const listenTcp = flags.listenTcp ?? fields.texts("listenTcp", [], problemOf(parseListen))
  const listenWs = flags.listenWs ?? fields.texts("listenWs", [], problemOf(parseListen))
  const watch = flags.watch ?? fields.texts("watch", [], problemOfFolder)
  const one = <T>(name: OneName, parse: (text: string) => T): T | null => {
    const flag = flags[name]
    if (flag !== undefined) return parse(flag)
    const text = fields.optionalText(name)
    if (text === undefined) return null
    const problem = problemOf(parse)(text)
    if (problem !== null) throw fields.wrong(name, `is wrong: ${problem}`)
    return parse(text)
  }
  const http = one("http", parseListen)
  const folder = one("folder", (path) => resolve(path))
  const backbone = one("backbone", parseBackbone)
  const archiveUrl = one("archive", parseArchive)
  const schema = one("archiveSchema", parseSchema)
  assertNoSecrets(flags)
  if (schema !== null && archiveUrl === null) {
    throw fields.wrong("archiveSchema", "is for an archive, and there is none")
  }
  const limits = limitsOf(fields.object("limits"), flags.limits)
  // What a flag has replaced may stand there.
  for (const name of ["connect", "listenTcp", "listenWs", "watch", ...oneNames]) fields.value(name)
  fields.end()
  const addresses = connect.map(parseHubAddress)
  return {
    listenTcp: listenTcp.map(parseListen),
    listenWs: listenWs.map(parseListen),
    connect: addresses,
    backbone,
    watch: watch.map((path) => resolve(path)),
    http,
    archive: archiveUrl === null ? null : { url: archiveUrl, schema: schema ?? defaultSchema },
    folder,
    limits,
    isDateConfirmed: flags.confirmDate ?? false,
    // Those of flags are not in the file.
    hasSecrets: [
      flags.connect === undefined && addresses.some(hasLogin),
      backbone && hasBackboneLogin(backbone) && flags.backbone === undefined,
      archiveUrl !== null && hasArchivePassword(archiveUrl) && flags.archive === undefined,
    ].includes(true),
  }
}

/** One of the limits, given on the command line. @throws {UsageError} `bad-limit` */
export function parseLimit(name: LimitName, text: string): number {
  const [, min, max] = bounds[name]
  const isBytes = name.endsWith("Bytes")
  const value = isBytes ? bytesOf(text) : name.endsWith("Ms") ? secondsOf(text) : wholeOf(text)
  if (value !== null && value >= min && value <= max) return value
  const example = isBytes ? ", as in 512MiB" : ""
  const [least, most] = name.endsWith("Ms") ? [min / 1_000, max / 1_000] : [min, max]
  const unit = isBytes ? " bytes" : name.endsWith("Ms") ? " s" : ""
  throw new UsageError("bad-limit", `Give a number from ${least} to ${most}${unit}${example}.`)
}

function limitsOf(fields: Fields, flags: HubFlags["limits"]): HubServiceLimits {
  const limit = (name: LimitName): number => {
    const [missing, min, max] = bounds[name]
    return flags[name] ?? fields.count(name, missing ?? max, [min, max])
  }
  const isOwnLinkMax = flags.linkMaxBytes !== undefined || fields.has("linkMaxBytes")
  const limits = {
    maxBytes: limit("maxBytes"),
    linkMaxBytes: isOwnLinkMax ? limit("linkMaxBytes") : null,
    linkSharePercent: limit("linkSharePercent"),
    maxEnvelopeBytes: limit("maxEnvelopeBytes"),
    minStampBits: limit("minStampBits"),
    holdMs: limit("holdMs"),
    coverEveryMs: limit("coverEveryMs"),
    maxConnections: limit("maxConnections"),
    watchEveryMs: limit("watchEveryMs"),
    backboneMaxBytes: limit("backboneMaxBytes"),
  }
  for (const name of Object.keys(bounds)) fields.value(name)
  fields.end()
  return limits
}

/** Others on this computer see the arguments of every program. */
function assertNoSecrets({ archive, backbone }: HubFlags): void {
  const refused = (flag: string, where: string): UsageError =>
    new UsageError(
      "secret-in-url",
      `A login does not belong into ${flag}: others see it in lists of processes and in histories. ${where}, or all of the address into the file, which is then for its owner alone.`,
    )
  if (backbone !== undefined && hasBackboneLogin(parseBackbone(backbone))) {
    const names = "STRINGPHONE_HUB_BACKBONE_USERNAME and STRINGPHONE_HUB_BACKBONE_PASSWORD"
    throw refused("--backbone", `Put it into ${names}`)
  }
  if (archive !== undefined && hasArchivePassword(archive)) {
    throw refused("--archive", "Put the password into PGPASSWORD or a file that PGPASSFILE names")
  }
}

function problemOf(parse: (text: string) => unknown): (text: string) => string | null {
  return (text) => {
    try {
      parse(text)
      return null
    } catch (error) {
      if (error instanceof UsageError) return error.message.replace(/\.$/, "")
      throw error
    }
  }
}

function problemOfFolder(path: string): string | null {
  return path === "" ? "it is no folder" : null
}

function hasLogin({ url }: ChannelAddress): boolean {
  const { password, search } = new URL(url)
  return password !== "" || search !== ""
}

function wholeOf(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null
}

function secondsOf(text: string): number | null {
  return /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Math.round(Number(text) * 1_000) : null
}

function bytesOf(text: string): number | null {
  const [, number, unit = ""] = /^(\d{1,15})(|[kmgt]i?b?)$/i.exec(text) ?? []
  if (number === undefined) return null
  const power = " kmgt".indexOf(unit.charAt(0).toLowerCase() || " ")
  return Number(number) * 1_024 ** power
}
