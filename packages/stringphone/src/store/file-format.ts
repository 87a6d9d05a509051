import { Buffer } from "node:buffer"
import { ChannelError, fromUtf8, utf8 } from "../bytes/index.js"
import type { Row, Table } from "./table.js"

const FORMAT = "stringphone-store"
const VERSION = 1

/**
 * The store's file, JSON in UTF-8:
 *
 *     {"format":"stringphone-store","version":1,"counter":7,"entries":[["key",7,"base64"],…]}
 *
 * An entry is its key, the counter of the commit that wrote it, and its value. No line feed ends
 * the file, so that no shorter piece of it is valid.
 */
export function encodeTable({ counter, rows }: Table): Uint8Array {
  const entries = Array.from(rows, ([key, { version, value }]) => [
    key,
    version,
    Buffer.from(value.buffer, value.byteOffset, value.length).toString("base64"),
  ])
  return utf8(JSON.stringify({ format: FORMAT, version: VERSION, counter, entries }))
}

/** @throws {ChannelError} `store-corrupt`, `store-newer`; both name the file, `path`. */
export function decodeTable(bytes: Uint8Array, path: string): Table {
  const document = parse(bytes, path)
  if (!isRecord(document) || document["format"] !== FORMAT) {
    throw corrupt(path, "it is not a Stringphone store")
  }
  const { version, counter, entries } = document
  if (isCount(version) && version > VERSION) throw newer(path)
  if (version !== VERSION || Object.keys(document).length !== 4) throw corrupt(path, "bad header")
  if (!isCount(counter)) throw corrupt(path, "bad counter")
  if (!Array.isArray(entries)) throw corrupt(path, "no list of entries")
  const rows = new Map<string, Row>()
  for (const [index, entry] of entries.entries()) {
    const decoded = decodeEntry(entry, counter)
    if (decoded === null) throw corrupt(path, `bad entry ${index}`)
    if (rows.has(decoded.key)) throw corrupt(path, `entry ${index} repeats a key`)
    rows.set(decoded.key, decoded.row)
  }
  return { counter, rows }
}

function parse(bytes: Uint8Array, path: string): unknown {
  const text = fromUtf8(bytes)
  if (text === null) throw corrupt(path, "it is not UTF-8")
  try {
    return JSON.parse(text)
  } catch {
    // The cause would quote the file, and the file may hold secrets.
    throw corrupt(path, "it is not JSON, or not all of it")
  }
}

function decodeEntry(entry: unknown, counter: number): { key: string; row: Row } | null {
  if (!Array.isArray(entry) || entry.length !== 3) return null
  const [key, version, text] = entry as readonly unknown[]
  if (typeof key !== "string" || typeof text !== "string") return null
  if (!isCount(version) || version === 0 || version > counter) return null
  const value = Buffer.from(text, "base64")
  // Node's decoder skips what it does not know; only the text that it would write itself is valid.
  if (value.toString("base64") !== text) return null
  return { key, row: { value: new Uint8Array(value), version } }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function corrupt(path: string, problem: string): ChannelError {
  return new ChannelError(
    "store-corrupt",
    `The store file "${path}" is damaged (${problem}) and was left as it is. ` +
      "Restore it from a backup, or move it away to start with an empty store.",
  )
}

function newer(path: string): ChannelError {
  return new ChannelError(
    "store-newer",
    `The store file "${path}" was written by a newer version of Stringphone. ` +
      "Update this program; the file was left as it is.",
  )
}
