import { chmod, readFile, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { beforeEach, describe, expect, it } from "vitest"
import { findSqlite } from "../../src/store/sqlite-engine.js"
import { openSqliteEnvelopeStore } from "../../src/store/envelopes/sqlite.js"
import { bytesOf, idOf, sample, samples } from "../contract/envelope-store-samples.js"
import { mode, newFolder } from "./folder.js"

const openSqlite = findSqlite()

describe.skipIf(openSqlite === null)("SQLite envelope store", { timeout: 60_000 }, () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = join(await newFolder(), "envelopes")
    path = join(folder, "envelopes.sqlite")
  })

  const open = () => openSqliteEnvelopeStore({ folder })

  /** What another program does to the database. */
  const change = (sql: string) => {
    const database = openSqlite!(path)
    database.exec(sql)
    database.close()
  }

  it("is private", async () => {
    const store = await open()
    await store.add([sample(1)])
    expect(await mode(folder)).toBe("700")
    expect(await mode(path)).toBe("600")
    expect(await mode(`${path}-wal`)).toBe("600")
    await store.close()
    await chmod(path, 0o644)
    await (await open()).close()
    expect(await mode(path)).toBe("600")
  })

  it("has tables for each day, and drops them with it", async () => {
    let store = await open()
    await store.add([sample(1, { day: 7 }), sample(2, { day: 8 }), sample(3, { day: 9 })])
    await store.expire(8)
    await store.drop([idOf(2)])
    await store.close()
    const database = openSqlite!(path)
    const tables = database.prepare("SELECT name FROM sqlite_schema ORDER BY name").all()
    database.close()
    expect(tables).toMatchObject([{ name: "bytes_9" }, { name: "day_9" }, { name: "head" }])
    store = await open()
    expect(await store.since(0, 9)).toEqual([{ ...sample(3, { day: 9 }), number: 3 }])
    await store.close()
  })

  it("uses the room of expired days again", async () => {
    const store = await open()
    const add = (day: number, from: number) =>
      store.add(samples(from + 500, { day, bytes: bytesOf(1, 1024) }).slice(from))
    for (let day = 0; day < 12; day++) {
      await store.expire(day)
      await add(day, day * 500)
    }
    await store.close()
    // A day has half a megabyte, and all days six.
    expect((await stat(path)).size).toBeLessThan(3 << 20)
  })

  it("gives no bytes that were changed, and takes the envelope anew", async () => {
    let store = await open()
    await store.add(samples(4))
    await store.close()
    change("UPDATE bytes_20000 SET bytes = zeroblob(200) WHERE number = 2")
    change("DELETE FROM bytes_20000 WHERE number = 3")
    change("UPDATE day_20000 SET id = zeroblob(32) WHERE number = 4")
    store = await open()
    expect(await store.since(0, 9)).toEqual([{ ...sample(0), number: 1 }])
    expect(await store.has([1, 2, 3].map(idOf))).toEqual([false, false, false])
    expect(await store.add(samples(4))).toEqual([false, true, true, true])
    expect(await store.usage()).toMatchObject({ count: 4, lastNumber: 7 })
    await store.close()
  })

  it("gives no wrong bytes of a damaged file", async () => {
    let store = await open()
    await store.add(samples(40))
    await store.close()
    const whole = await readFile(path)
    for (let at = 0; at < whole.length; at += 197) {
      const bytes = Buffer.from(whole)
      bytes[at]! ^= 0xff
      await writeFile(path, bytes)
      const found = await (async () => {
        store = await open()
        try {
          return await store.since(0, 99)
        } finally {
          await store.close()
        }
      })().catch((error: unknown) => {
        expect(error).toMatchObject({ name: "ChannelError" })
        return []
      })
      for (const { id, bytes } of found) {
        const seed = new DataView(id.buffer).getUint32(28)
        expect(bytes).toEqual(sample(seed).bytes)
      }
    }
    await writeFile(path, whole)
    store = await open()
    expect((await store.usage()).count).toBe(40)
    await store.close()
  })

  it("refuses what is not ours, or newer, and leaves it alone", async () => {
    await (await open()).close()
    change("PRAGMA user_version = 2")
    await expectRefused("store-newer")
    change("PRAGMA user_version = 1; PRAGMA application_id = 7")
    await expectRefused("store-corrupt")
    await writeFile(
      path,
      "Not a database, but a text that is longer than the header of one.".repeat(9),
    )
    await expectRefused("store-corrupt")
  })

  async function expectRefused(code: string): Promise<void> {
    const before = await readFile(path)
    const message = expect.stringContaining(folder) as string
    await expect(open()).rejects.toMatchObject({ name: "ChannelError", code, message })
    expect((await readFile(path)).equals(before)).toBe(true)
  }
})
