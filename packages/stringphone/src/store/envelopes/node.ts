import { openFileEnvelopeStore } from "./file.js"
import { folderKind } from "./folder-kind.js"
import type { EnvelopeStore } from "./port.js"
import { findSqlite } from "../sqlite-engine.js"
import { openSqliteEnvelopeStore } from "./sqlite.js"

/**
 * The envelope store of a folder (Node): with SQLite where there is one, else with files. A folder stays
 * with what it was begun with.
 *
 * @throws {ChannelError} `missing-peer` when it was begun with SQLite and there is none;
 * `store-locked`, `store-corrupt`, `store-newer`, `store-failed`
 * @example
 * const store = await openEnvelopeStore("/var/lib/stringphone/envelopes")
 */
export async function openEnvelopeStore(folder: string): Promise<EnvelopeStore> {
  const kind = (await folderKind(folder)) ?? (findSqlite() === null ? "file" : "sqlite")
  return kind === "file" ? openFileEnvelopeStore({ folder }) : openSqliteEnvelopeStore({ folder })
}
