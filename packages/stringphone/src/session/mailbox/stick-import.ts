import type { ListEntry } from "../../mailbox/stick/index.js"
import type { StickFile } from "../../store/stick-folder/port.js"
import { contentsOf, listOf, type StickContents, unlessDamaged } from "./stick-contents.js"
import { StickKeyRing, type StickKeys } from "./stick-keys.js"
import { SegmentFile } from "./stick-segment.js"
import { isAsListed, readList, scan, survey, type Survey } from "./stick-survey.js"
import type { ImportOptions, ImportResult, StickParcel } from "./stick-types.js"
import { unreadable, type UnreadableFile, type UnreadableReason } from "./stick-unreadable.js"

/** Envelopes whose IDs are asked for at once. */
const maxAsked = 1_024
/** Parcels that are handed over at once: so many, or as soon as they are so large. */
const maxHanded = 256
const maxHandedBytes = 4 * 1_048_576

/**
 * Reads from a stick what is not known yet. It writes nothing, except that it removes a list that was
 * found to lie: so a write-protected stick can be read.
 *
 * @throws {UsageError} `passphrase-needed`, `wrong-passphrase`; {PeerError} `stick-newer`;
 * {ChannelError} `stick-missing`, `stick-failed`
 */
export async function importFromStick(options: ImportOptions): Promise<ImportResult> {
  const contents = await contentsOf(options.folder)
  const keys = await new StickKeyRing(options.folder, options.passphrase).open(contents)
  const result = await importContents(options, contents, keys, contents.segments)
  const alone = await withoutMail(options, contents, keys)
  return { ...result, unreadable: [...result.unreadable, ...alone] }
}

/** @param segments which of them to read */
export async function importContents(
  options: ImportOptions,
  contents: StickContents,
  keys: StickKeys,
  segments: readonly StickFile[],
): Promise<ImportResult> {
  const tally = new Tally()
  tally.damaged = keys.damaged + (contents.hasMore ? 1 : 0)
  const totalBytes = segments.reduce((sum, { bytes }) => sum + bytes, 0)
  let doneBytes = 0
  const tell = () => options.onProgress?.({ step: "reading", doneBytes, totalBytes })
  tell()
  for (const file of segments) {
    if (options.signal?.aborted) break
    await importSegment(options, keys, { file, list: listOf(contents, file) }, tally)
    doneBytes += file.bytes
    tell()
  }
  return tally.result(options.signal?.aborted ?? false)
}

/** What belongs to segments that are not there; a list whose segment had expired may stay behind. */
async function withoutMail(
  { folder, signal, today }: ImportOptions,
  { keys: keyFiles, orphans, segments }: StickContents,
  keys: StickKeys,
): Promise<readonly UnreadableFile[]> {
  const alone: UnreadableFile[] = []
  for (const file of orphans) {
    if (signal?.aborted) return alone
    const found = await readList({ folder, stickKeys: keys.all }, file)
    if (found === null || found.list.lastDay >= today) alone.push(unreadable(file.name, "no-mail"))
  }
  const isOnlyKeys = segments.length + orphans.length === 0
  return isOnlyKeys ? keyFiles.map(({ name }) => unreadable(name, "no-mail")) : alone
}

class Tally {
  new = 0
  known = 0
  expired = 0
  refused = 0
  /** Parcels that are listed, but can not be read. */
  lost = 0
  damaged = 0
  unfinished = 0
  readonly unreadable: UnreadableFile[] = []

  lose(): void {
    this.lost++
    this.damaged++
  }

  result(isStopped: boolean): ImportResult {
    const { lost, new: fresh, ...counts } = this
    const { known, expired, refused } = counts
    const found = fresh + known + expired + refused + lost
    return { found, new: fresh, ...counts, isStopped }
  }
}

async function importSegment(
  options: ImportOptions,
  keys: StickKeys,
  { file, list }: { readonly file: StickFile; readonly list: StickFile | undefined },
  tally: Tally,
): Promise<void> {
  const { folder, check, today } = options
  const surveying = { folder, check, today, stickKeys: keys.all }
  const segment = await SegmentFile.open(folder, file)
  if (segment === "gone") return
  if (segment === "damaged") {
    tally.damaged++
    tally.unreadable.push(unreadable(file.name, "failed"))
    return
  }
  try {
    const found = await survey(surveying, segment, list)
    const first = tallyOf(segment, found, keys)
    if (await importSurvey(options, segment, found, first)) return merge(tally, first)
    // The list lies, or what it lists is damaged; without it, the next hub that writes here puts right what
    // is missing. What was new is known by now, and everything else is counted anew.
    if (list !== undefined) await unlessDamaged(folder, () => folder.remove(list.name))
    const scanned = await scan(surveying, segment)
    const second = tallyOf(segment, scanned, keys)
    second.damaged++
    await importSurvey(options, segment, scanned, second)
    second.known = Math.max(0, second.known - first.new)
    second.new += first.new
    merge(tally, second)
  } finally {
    await segment.close()
  }
}

/** @returns `false`: a parcel is not what the list says of it */
async function importSurvey(
  options: ImportOptions,
  segment: SegmentFile,
  found: Survey,
  tally: Tally,
): Promise<boolean> {
  const live = found.entries.filter(({ day }) => day >= options.today)
  tally.expired += found.entries.length - live.length
  const byPlace = live.sort((a, b) => a.offset - b.offset)
  const hand = new Handing(options, tally)
  let isHonest = true
  for (let at = 0; at < byPlace.length && isHonest && !options.signal?.aborted; at += maxAsked) {
    const asked = byPlace.slice(at, at + maxAsked)
    const has = await options.has(asked.map(({ id }) => id))
    for (const [i, entry] of asked.entries()) {
      if (options.signal?.aborted) break
      if (has[i] === true) tally.known++
      else if (!(await importParcel(options, segment, entry, hand))) {
        if (found.isListed) isHonest = false
        else tally.lose()
      }
      if (!isHonest) break
    }
  }
  await hand.over()
  return isHonest
}

/** What a segment is said to hold, before anything on it is looked at. */
function tallyOf(segment: SegmentFile, found: Survey, keys: StickKeys): Tally {
  const tally = new Tally()
  tally.damaged = found.damaged
  tally.refused = found.refused
  tally.unfinished = found.isUnfinished ? 1 : 0
  const isClosed = found.stickKey === null && segment.chunkCount > 0
  if (isClosed) tally.unreadable.push(unreadable(segment.name, reasonOf(segment, keys)))
  return tally
}

/** Why none of our keys opens it. */
function reasonOf(segment: SegmentFile, keys: StickKeys): UnreadableReason {
  if (segment.hasReadFailure) return "failed"
  if (keys.hasSealed) return "sealed"
  return keys.all.length === 0 ? "no-key" : "altered"
}

/** @returns `false`: it is not what the list says of it, or can not be read */
async function importParcel(
  { check }: ImportOptions,
  segment: SegmentFile,
  entry: ListEntry,
  hand: Handing,
): Promise<boolean> {
  const parcel = await segment.parcel(entry)
  if (parcel === null) return false
  const bytes = parcel.subarray(8)
  if (!isAsListed(entry, check(bytes))) return false
  const { id, day } = entry
  await hand.add({ id, day, stamp: parcel.subarray(0, 8), bytes })
  return true
}

/** Gathers parcels and hands them over. */
class Handing {
  readonly #options: ImportOptions
  readonly #tally: Tally
  #parcels: StickParcel[] = []
  #bytes = 0

  constructor(options: ImportOptions, tally: Tally) {
    this.#options = options
    this.#tally = tally
  }

  async add(parcel: StickParcel): Promise<void> {
    this.#parcels.push(parcel)
    this.#bytes += parcel.bytes.length
    if (this.#parcels.length >= maxHanded || this.#bytes >= maxHandedBytes) await this.over()
  }

  async over(): Promise<void> {
    const parcels = this.#parcels
    this.#parcels = []
    this.#bytes = 0
    if (parcels.length === 0) return
    const verdicts = await this.#options.accept(parcels)
    for (const i of parcels.keys()) this.#tally[verdicts[i] ?? "refused"]++
  }
}

function merge(into: Tally, from: Tally): void {
  into.new += from.new
  into.known += from.known
  into.expired += from.expired
  into.refused += from.refused
  into.lost += from.lost
  into.damaged += from.damaged
  into.unfinished += from.unfinished
  into.unreadable.push(...from.unreadable)
}
