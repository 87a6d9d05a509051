import { ChannelError, UsageError } from "../../bytes/index.js"
import { randomBytes } from "../../crypto/index.js"
import { Difference, planStick, stickFileOf } from "../../mailbox/stick/index.js"
import type { EnvelopeEntry } from "../../store/envelopes/port.js"
import type { StickFile } from "../../store/stick-folder/port.js"
import { contentsOf, listOf, type StickContents, unlessDamaged } from "./stick-contents.js"
import { StickKeyRing, type StickKeys } from "./stick-keys.js"
import { SegmentFile } from "./stick-segment.js"
import { isAsListed, readList, scan, survey, type Survey, writeList } from "./stick-survey.js"
import type { ExportOptions, ExportResult } from "./stick-types.js"
import { writeSegment } from "./stick-write.js"

/**
 * Writes to a stick what it does not hold yet, and repairs what was interrupted. Kill it at any time:
 * what was there stays, and the next one goes on.
 *
 * @throws {UsageError} `passphrase-needed`, `wrong-passphrase`, `bad-limit`; {PeerError} `stick-newer`;
 * {ChannelError} `stick-missing`, `stick-full`, `stick-changed`, `stick-failed`
 */
export async function exportToStick(options: ExportOptions): Promise<ExportResult> {
  const contents = await contentsOf(options.folder)
  return exportTo(options, contents, new StickKeyRing(options.folder, options.passphrase))
}

export async function exportTo(
  options: ExportOptions,
  contents: StickContents,
  ring: StickKeyRing,
): Promise<ExportResult> {
  const { maxBytes = Infinity } = options
  if (!(maxBytes >= 0)) throw new UsageError("bad-limit", "The limit is a number of bytes.")
  const keys = await ring.open(contents)
  const run = new Export(options, contents, keys)
  await run.read()
  await run.write(ring)
  await run.tidy()
  return run.end()
}

class Export {
  readonly #options: ExportOptions
  readonly #contents: StickContents
  readonly #keys: StickKeys
  #difference = new Difference<EnvelopeEntry>([])
  #bytesThere: number
  #written = 0
  #bytes = 0
  #left = 0
  #removed = 0
  #damaged: number
  #isDurable = true
  /** What has to be there in the end. */
  readonly #own = new Map<string, number | null>()

  constructor(options: ExportOptions, contents: StickContents, keys: StickKeys) {
    this.#options = options
    this.#contents = contents
    this.#keys = keys
    this.#bytesThere = contents.bytes
    this.#damaged = keys.damaged + (contents.hasMore ? 1 : 0)
  }

  /** What is there already; what has expired goes, and lists that are missing are made. */
  async read(): Promise<void> {
    const { store, today, onProgress } = this.#options
    const live = (await store.index()).filter(({ day }) => day >= today)
    this.#difference = new Difference(live)
    const { segments } = this.#contents
    const totalBytes = segments.reduce((sum, { bytes }) => sum + bytes, 0)
    let doneBytes = 0
    for (const file of segments) {
      if (this.#isStopped) break
      onProgress?.({ step: "reading", doneBytes, totalBytes })
      const segment = await SegmentFile.open(this.#options.folder, file)
      if (segment === "damaged") this.#damaged++
      else if (segment !== "gone")
        await this.#readSegment(segment, file).finally(() => segment.close())
      doneBytes += file.bytes
    }
  }

  /**
   * Drafts that nobody has ended in all this time, and lists whose segment went without them. Should a draft be
   * another hub's after all, that hub makes another one. [STICK-6-5]
   */
  async tidy(): Promise<void> {
    const { folder, today } = this.#options
    const { drafts, orphans } = this.#contents
    if (this.#isStopped) return
    for (const file of drafts) await this.#remove(file)
    for (const file of orphans) {
      const found = await readList({ folder, stickKeys: this.#keys.all }, file)
      if (found !== null && found.list.lastDay < today) await this.#remove(file)
    }
  }

  async write(ring: StickKeyRing): Promise<void> {
    const { folder, store, onProgress, signal, maxBytes = Infinity } = this.#options
    const missing = this.#difference.missing()
    const plan = planStick(missing, this.#isStopped ? 0 : maxBytes - this.#bytesThere)
    this.#left = plan.left
    if (plan.segments.length === 0) return
    const { key, fileName } = this.#keys.own ?? (await ring.make(this.#options.stretchCost))
    this.#own.set(fileName, null)
    const tell = (bytes: number) =>
      onProgress?.({
        step: "writing",
        doneBytes: Math.min(this.#bytes + bytes, plan.bytes),
        totalBytes: plan.bytes,
      })
    tell(0)
    for (const envelopes of plan.segments) {
      if (this.#isStopped) {
        this.#left += envelopes.length
        continue
      }
      const segment = await writeSegment(folder, key, envelopes, {
        store,
        onProgress: tell,
        signal,
      })
      const list = await writeList(folder, segment.name, key, {
        ...segment,
        segmentBytes: segment.bytes,
      })
      this.#own.set(segment.name, segment.bytes)
      this.#written += segment.entries.length
      this.#left += segment.left
      this.#bytes += segment.bytes + (list?.bytes ?? 0)
      this.#isDurable &&= segment.isDurable && (list?.isDurable ?? true)
      tell(0)
    }
  }

  async end(): Promise<ExportResult> {
    const isDurable = await this.#options.folder.sync()
    await this.#check()
    return {
      written: this.#written,
      bytes: this.#bytes,
      known: this.#difference.known,
      left: this.#left,
      removed: this.#removed,
      damaged: this.#damaged,
      isSafeToUnplug: isDurable && this.#isDurable,
      isStopped: this.#isStopped,
    }
  }

  get #isStopped(): boolean {
    return this.#options.signal?.aborted ?? false
  }

  async #readSegment(segment: SegmentFile, file: StickFile): Promise<void> {
    const { folder, today } = this.#options
    const list = listOf(this.#contents, file)
    let found = await survey(this.#surveying, segment, list)
    if (found.isListed && !(await this.#isHonest(segment, found))) {
      this.#damaged++
      found = await scan(this.#surveying, segment)
    }
    this.#damaged += found.damaged
    const { stickKey, entries, lastDay } = found
    const isOurs = stickKey !== null || segment.chunkCount === 0
    if (isOurs && lastDay < today && !segment.hasReadFailure) {
      // In this order: a segment without its list would be listed anew. [STICK-6-4]
      await this.#remove(file)
      if (list !== undefined) await this.#remove(list)
      this.#removed++
      return
    }
    for (const entry of entries) this.#difference.mark(entry)
    const isComplete = found.refused === 0 && !segment.hasReadFailure
    if (found.isListed || !isOurs || !isComplete) return
    const key = stickKey ?? this.#keys.own?.key
    if (key === undefined) return
    const { salt, bytes } = segment
    const repaired = { salt, segmentBytes: bytes, lastDay, entries }
    const written = await writeList(folder, file.name, key, repaired)
    this.#bytesThere += (written?.bytes ?? 0) - (written === null ? 0 : (list?.bytes ?? 0))
    this.#isDurable &&= written?.isDurable ?? true
  }

  /** One of those that we would not write because of this list, at random. [STICK-5-6] */
  async #isHonest(segment: SegmentFile, { entries }: Survey): Promise<boolean> {
    const any = new DataView(randomBytes(4).buffer).getUint32(0) % Math.max(1, entries.length)
    const inOrder = [...entries.slice(any), ...entries.slice(0, any)]
    const entry = inOrder.find((one) => this.#difference.has(one))
    if (entry === undefined) return true
    const parcel = await segment.parcel(entry)
    return parcel !== null && isAsListed(entry, this.#options.check(parcel.subarray(8)))
  }

  get #surveying() {
    const { folder, check, today } = this.#options
    return { folder, check, today, stickKeys: this.#keys.all }
  }

  async #remove({ name, bytes }: StickFile): Promise<void> {
    const { folder } = this.#options
    const isGone = await unlessDamaged(folder, () => folder.remove(name).then(() => true))
    if (isGone === true) this.#bytesThere -= bytes
  }

  /** @throws {ChannelError} `stick-changed` */
  async #check(): Promise<void> {
    if (this.#own.size === 0) return
    const there = await contentsOf(this.#options.folder)
    const bytes = new Map([...there.keys, ...there.segments].map((file) => [file.name, file.bytes]))
    for (const [name, wanted] of this.#own) {
      if (stickFileOf(name) === null) continue
      const found = bytes.get(name)
      if (found !== undefined && (wanted === null || found === wanted)) continue
      throw new ChannelError(
        "stick-changed",
        "Something else removed or changed files on the stick while it was written. Export again.",
      )
    }
  }
}
