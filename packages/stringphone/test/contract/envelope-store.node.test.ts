import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, it } from "vitest"
import { openFileEnvelopeStore } from "../../src/store/envelopes/file.js"
import { createMemoryEnvelopeStore } from "../../src/store/envelopes/memory.js"
import { findSqlite } from "../../src/store/sqlite-engine.js"
import { openSqliteEnvelopeStore } from "../../src/store/envelopes/sqlite.js"
import { envelopeStoreContract } from "./envelope-store-contract.js"

const directory = await mkdtemp(join(tmpdir(), "stringphone-envelopes-"))
afterAll(() => rm(directory, { recursive: true }))

envelopeStoreContract("memory", async () => createMemoryEnvelopeStore(), { isDurable: false })
envelopeStoreContract(
  "file",
  (place) => openFileEnvelopeStore({ folder: join(directory, "file", place) }),
  { isDurable: true },
)

if (findSqlite() === null) {
  it.skip("sqlite keeps the envelope store contract: this Node has no SQLite")
  console.warn("Skipped: this Node has no SQLite. Node 22.13 and later have it.")
} else {
  envelopeStoreContract(
    "sqlite",
    (place) => openSqliteEnvelopeStore({ folder: join(directory, "sqlite", place) }),
    { isDurable: true },
  )
}
