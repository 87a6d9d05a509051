import { access } from "node:fs/promises"
import { join } from "node:path"
import { ChannelError } from "../../bytes/index.js"
import { isSystemError } from "../file-failure.js"

/** Says that a folder has logs of envelopes, and which number was the last. */
export const HEAD_NAME = "envelopes.json"
export const DATABASE_NAME = "envelopes.sqlite"

export type FolderKind = "file" | "sqlite"

/** @returns with what the folder was begun; `null`: it was not */
export async function folderKind(folder: string): Promise<FolderKind | null> {
  if (await isThere(join(folder, HEAD_NAME))) return "file"
  return (await isThere(join(folder, DATABASE_NAME))) ? "sqlite" : null
}

/** @throws {ChannelError} `store-failed`: it was begun with the other kind */
export async function assertKind(folder: string, expected: FolderKind): Promise<void> {
  const kind = await folderKind(folder)
  if (kind === null || kind === expected) return
  const [found, wanted] = kind === "file" ? ["files", "SQLite"] : ["SQLite", "files"]
  throw new ChannelError(
    "store-failed",
    `The envelopes in "${folder}" are kept with ${found}, not with ${wanted}. ` +
      "Open them with openEnvelopeStore, or choose another folder.",
  )
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return false
    throw error
  }
}
