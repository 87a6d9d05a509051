import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, it } from "vitest"
import { openFileStore } from "../../src/store/file.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { findSqlite } from "../../src/store/sqlite-engine.js"
import { openSqliteStore } from "../../src/store/sqlite.js"
import { storeContract } from "./store-contract.js"

const directory = await mkdtemp(join(tmpdir(), "stringphone-store-"))
afterAll(() => rm(directory, { recursive: true }))

storeContract("memory", async () => createMemoryStore(), { isShared: false })
storeContract("file", (place) => openFileStore({ path: join(directory, place) }), {
  isShared: true,
})

if (findSqlite() === null) {
  it.skip("sqlite keeps the store contract: this Node has no SQLite")
  console.warn("Skipped: this Node has no SQLite. Node 22.13 and later have it.")
} else {
  storeContract("sqlite", (place) => openSqliteStore({ path: join(directory, "sqlite", place) }), {
    isShared: true,
  })
}
