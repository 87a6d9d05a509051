import { ChannelError } from "../../bytes/index.js"
import { listNameOf, maxStickFiles, segmentNameOf, stickFileOf } from "../../mailbox/stick/index.js"
import type { StickFile, StickFolder } from "../../store/stick-folder/port.js"

/** The files of ours in a folder; all others are none of our business. [STICK-1-2] */
export interface StickContents {
  readonly keys: readonly StickFile[]
  readonly segments: readonly StickFile[]
  /** By name. */
  readonly lists: ReadonlyMap<string, StickFile>
  /** Lists of segments that are not there. */
  readonly orphans: readonly StickFile[]
  /** Began by somebody, and perhaps never to be ended. */
  readonly drafts: readonly StickFile[]
  readonly bytes: number
  /** There are more files than we look at. [STICK-7-1] */
  readonly hasMore: boolean
}

export async function contentsOf(folder: StickFolder): Promise<StickContents> {
  const all = await folder.list(maxStickFiles)
  const files = all.filter(({ name }) => stickFileOf(name) !== null)
  files.sort((a, b) => (a.name < b.name ? -1 : 1))
  const of = (kind: string) => files.filter(({ name }) => name.endsWith(kind))
  const segments = of(".mail")
  const names = new Set(segments.map(({ name }) => name))
  const lists = of(".list")
  return {
    keys: of(".key"),
    segments,
    lists: new Map(lists.map((file) => [file.name, file])),
    orphans: lists.filter(({ name }) => !names.has(segmentNameOf(name))),
    drafts: of(".part"),
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    hasMore: all.length >= maxStickFiles,
  }
}

/** Whether a folder holds just the same files as before. */
export function isSameContents(a: StickContents, b: StickContents): boolean {
  return fingerprintOf(a) === fingerprintOf(b)
}

function fingerprintOf({ keys, segments, lists, orphans }: StickContents): string {
  const files = [...keys, ...segments, ...lists.values(), ...orphans]
  return files.map(({ name, bytes }) => `${name} ${bytes}`).join("\n")
}

export function listOf(contents: StickContents, segment: StickFile): StickFile | undefined {
  return contents.lists.get(listNameOf(segment.name))
}

/**
 * `null` when this one file can not be read; a stick that is gone altogether is told.
 * @throws {ChannelError} as the folder does
 */
export async function unlessDamaged<T>(
  folder: StickFolder,
  work: () => Promise<T>,
): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error
    await folder.list(1)
    return null
  }
}

/** All of a file, when it is not longer than this. */
export async function readWhole(
  folder: StickFolder,
  { name, bytes }: StickFile,
  maxBytes: number,
): Promise<Uint8Array | null> {
  if (bytes > maxBytes) return null
  return unlessDamaged(folder, async () => {
    const reader = await folder.open(name)
    try {
      return reader.bytes > maxBytes ? null : await reader.read(0, reader.bytes)
    } finally {
      await reader.close()
    }
  })
}

/** A whole file or none: under a name that counts for nothing, then under its own. [STICK-6-1] */
export async function writeWhole(
  folder: StickFolder,
  names: { readonly draft: string; readonly name: string },
  bytes: Uint8Array,
): Promise<boolean> {
  const writer = await folder.create(names.draft)
  let isDurable: boolean
  try {
    await writer.append(bytes)
    isDurable = await writer.sync()
  } finally {
    await writer.close()
  }
  await folder.rename(names.draft, names.name)
  return isDurable
}
