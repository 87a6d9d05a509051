import { readFile, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { ChannelError, utf8 } from "../../bytes/index.js"
import { isSystemError } from "../file-failure.js"
import { preparePlace } from "../file-place.js"
import { replaceFile } from "../file-write.js"
import { DRAFT, type LogName, decodeLogName } from "./file-log.js"
import { HEAD_NAME } from "./folder-kind.js"

const FORMAT = "stringphone-envelopes"
const VERSION = 1

/** Makes the folder (mode 0700). @returns where it is, symbolic links followed */
export async function prepareFolder(folder: string): Promise<string> {
  const head = await preparePlace(join(folder, HEAD_NAME))
  return head.slice(0, -HEAD_NAME.length - 1)
}

/**
 * @returns the last number that was given when it was written; `null` in a new folder
 * @throws {ChannelError} `store-corrupt`, `store-newer`
 */
export async function readHead(folder: string): Promise<number | null> {
  const path = join(folder, HEAD_NAME)
  const head = await readJson(path)
  if (head === null) return null
  const { format, version, lastNumber } = head
  if (format !== FORMAT || typeof version !== "number") throw corrupt(path)
  if (version > VERSION) throw newer(path)
  if (!Number.isSafeInteger(lastNumber) || (lastNumber as number) < 0) throw corrupt(path)
  return lastNumber as number
}

export async function writeHead(folder: string, lastNumber: number): Promise<void> {
  const path = join(folder, HEAD_NAME)
  const draft = `${path}.new`
  await rm(draft, { force: true })
  const head = { format: FORMAT, version: VERSION, lastNumber }
  if (await replaceFile(path, draft, utf8(JSON.stringify(head)))) return
  throw new ChannelError("store-failed", `The folder "${folder}" has gone. Open the store anew.`)
}

/** The names of the logs that count. Removes those that a later one has replaced. */
export async function findLogs(folder: string): Promise<readonly string[]> {
  const newest = new Map<number, { readonly name: string; readonly generation: number }>()
  const old: string[] = []
  for (const name of await readdir(folder)) {
    const decoded: LogName | null = decodeLogName(name)
    if (name.endsWith(`.log${DRAFT}`)) old.push(name)
    if (decoded === null) continue
    const { day, generation } = decoded
    const other = newest.get(day)
    if (other !== undefined) old.push(other.generation > generation ? name : other.name)
    if (other === undefined || other.generation <= generation) newest.set(day, { name, generation })
  }
  for (const name of old) await rm(join(folder, name), { force: true })
  return Array.from(newest.values(), ({ name }) => name)
}

async function readJson(path: string): Promise<Readonly<Record<string, unknown>> | null> {
  try {
    const value = JSON.parse(await readFile(path, "utf8")) as unknown
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return null
    if (!(error instanceof SyntaxError)) throw error
  }
  throw corrupt(path)
}

function corrupt(path: string): ChannelError {
  return new ChannelError(
    "store-corrupt",
    `The file "${path}" is damaged. Remove it to go on with the envelopes beside it; those who ` +
      "follow this store then have to read it from the start.",
  )
}

function newer(path: string): ChannelError {
  return new ChannelError(
    "store-newer",
    `The envelopes at "${path}" were written by a newer version of Stringphone. ` +
      "Update this program; nothing was changed.",
  )
}
