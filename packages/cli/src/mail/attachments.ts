import { mkdir, open, readFile, stat } from "node:fs/promises"
import { basename, extname, join } from "node:path"
import { ChannelError, UsageError } from "stringphone/bytes"
import type { FileOfLetter } from "stringphone/session/mailbox"

/** No envelope holds more. */
const mostBytes = 1_048_576

/** @throws {UsageError} `no-file`, `too-large` */
export async function readAttachment(path: string): Promise<FileOfLetter> {
  try {
    const found = await stat(path)
    if (!found.isFile()) throw new UsageError("no-file", `${path} is no file.`)
    if (found.size > mostBytes) throw tooLarge(path)
    return { name: basename(path).normalize("NFC"), bytes: new Uint8Array(await readFile(path)) }
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    throw new UsageError(
      "no-file",
      `The file ${path} can not be read. Check the path and its permissions.`,
      { cause },
    )
  }
}

/**
 * Writes the files of a letter into a folder, for nobody but this user, and replaces none.
 * @returns the paths, in order
 */
export async function saveAttachments(
  files: readonly FileOfLetter[],
  folder: string,
): Promise<readonly string[]> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const paths: string[] = []
    for (const { bytes, name } of files) paths.push(await saveNew(folder, safeName(name), bytes))
    return paths
  } catch (cause) {
    if (cause instanceof ChannelError) throw cause
    throw new ChannelError(
      "not-saved",
      `The files can not be written to ${folder}. Check the folder, its permissions and its free space.`,
      { cause },
    )
  }
}

/** A name that means nothing to any system but a name: no path, nothing hidden, nothing reserved. */
export function safeName(name: string): string {
  const plain = name
    .normalize("NFC")
    .replace(/[\p{C}\p{Zl}\p{Zp}\u115F\u1160\u3164\uFFA0]/gu, "_")
    .replace(/[/\\:*?"<>|]/g, "_")
    .replace(/[. ]+$/, "")
    .replace(/^[.\s-]+/, "_")
  // Windows opens devices by these names, whatever ending they have.
  const free = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(plain) ? `_${plain}` : plain
  return short(free) || "file"
}

/** At most 180 bytes, so that a number still fits in; the ending is kept when it is one. */
function short(name: string): string {
  if (Buffer.byteLength(name) <= 180) return name
  const ending = Buffer.byteLength(extname(name)) <= 16 ? extname(name) : ""
  let start = ""
  for (const character of name.slice(0, name.length - ending.length)) {
    if (Buffer.byteLength(start + character + ending) > 180) break
    start += character
  }
  return start + ending
}

async function saveNew(folder: string, name: string, bytes: Uint8Array): Promise<string> {
  const ending = extname(name)
  const start = name.slice(0, name.length - ending.length)
  for (let i = 1; i < 1_000; i++) {
    const path = join(folder, i === 1 ? name : `${start} (${i})${ending}`)
    try {
      // "wx" follows no link and opens nothing that is there.
      const file = await open(path, "wx", 0o600)
      try {
        await file.writeFile(bytes)
      } finally {
        await file.close()
      }
      return path
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
    }
  }
  throw new ChannelError("not-saved", `There are too many files named ${name} in ${folder}.`)
}

function tooLarge(path: string): UsageError {
  return new UsageError(
    "too-large",
    `${path} has more than 1 MiB. A letter and its files fit into one envelope of 1 MiB together.`,
  )
}
