import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { openFileStore } from "../../src/store/file.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { storeContract } from "./store-contract.js"

const directory = await mkdtemp(join(tmpdir(), "stringphone-store-"))
afterAll(() => rm(directory, { recursive: true }))

storeContract("memory", async () => createMemoryStore(), { isShared: false })
storeContract("file", (place) => openFileStore({ path: join(directory, place) }), {
  isShared: true,
})
