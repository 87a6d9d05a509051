import { execFileSync } from "node:child_process"
import { chmod, lstat, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { beforeEach, describe, expect, it } from "vitest"
import { fromUtf8, utf8 } from "../../src/bytes/index.js"
import { openFileStore } from "../../src/store/file.js"
import type { Store } from "../../src/store/index.js"
import { assertBuilt, runWriter } from "./children.js"
import { contents, mode, newFolder } from "./folder.js"

let folder: string
let path: string
beforeEach(async () => {
  folder = await newFolder()
  path = join(folder, "store.json")
})

const put = (store: Store, text: string) =>
  store.commit({ writes: [{ key: "a", value: utf8(text) }] })
const text = async (store: Store) => {
  const entry = await store.get("a")
  return entry && fromUtf8(entry.value)
}

describe("file store: its file", () => {
  it("is JSON that this version can always read", async () => {
    const store = await openFileStore({ path })
    await put(store, "one")
    await store.commit({ writes: [{ key: "\ud800é", value: Uint8Array.of(255, 254, 253, 252) }] })
    expect(await readFile(path, "utf8")).toBe(
      '{"format":"stringphone-store","version":1,"counter":2,' +
        '"entries":[["a",1,"b25l"],["\\ud800é",2,"//79/A=="]]}',
    )
  })

  it("is made by the first commit, in new directories, all of them private", async () => {
    path = join(folder, "new", "deep", "store.json")
    const store = await openFileStore({ path })
    expect(await contents(folder)).toEqual(["new", "new/deep"])
    expect(await text(store)).toBeNull()
    await put(store, "one")
    expect(await mode(path)).toBe("600")
    for (const directory of ["new", "new/deep", "new/deep/store.json.lock"]) {
      expect(await mode(join(folder, directory))).toBe("700")
    }
  })

  it("loses permissions of others when it is opened, and when it is written", async () => {
    await put(await openFileStore({ path }), "one")
    await chmod(path, 0o644)
    const store = await openFileStore({ path })
    expect(await mode(path)).toBe("600")
    await chmod(path, 0o666)
    await put(store, "two")
    expect(await mode(path)).toBe("600")
  })

  it("leaves the permissions of a directory that was there", async () => {
    await chmod(folder, 0o755)
    await put(await openFileStore({ path }), "one")
    expect(await mode(folder)).toBe("755")
  })

  it("is not written when there is nothing to write", async () => {
    const store = await openFileStore({ path })
    await put(store, "one")
    const { ino } = await lstat(path)
    expect(await store.commit({ writes: [] })).toBe(true)
    expect(await store.commit({ checks: [{ key: "a", version: null }], writes: [] })).toBe(false)
    expect((await lstat(path)).ino).toBe(ino)
  })

  it("may be replaced or edited by others at any time", async () => {
    const store = await openFileStore({ path })
    await put(store, "one")
    const backup = await readFile(path)
    await put(store, "two")
    await writeFile(path, backup)
    expect(await text(store)).toBe("one")
    await rm(path)
    expect(await text(store)).toBeNull()
  })
})

describe("file store: symbolic links", () => {
  const target = () => join(folder, "elsewhere", "real.json")

  it("writes through links to the file, and keeps the links", async () => {
    await put(await openFileStore({ path: target() }), "one")
    await symlink(join("elsewhere", "real.json"), join(folder, "link"))
    await symlink(join(folder, "link"), path)
    const store = await openFileStore({ path })
    expect(await text(store)).toBe("one")
    await put(store, "two")
    expect((await lstat(path)).isSymbolicLink()).toBe(true)
    expect((await lstat(join(folder, "link"))).isSymbolicLink()).toBe(true)
    expect(await text(await openFileStore({ path: target() }))).toBe("two")
    expect(await contents(folder)).toEqual([
      "elsewhere",
      "elsewhere/real.json",
      "elsewhere/real.json.lock",
      "elsewhere/real.json.lock/free",
      "link",
      "store.json",
    ])
  })

  it("makes the file, and its directory, that a link points to", async () => {
    await symlink(target(), path)
    await put(await openFileStore({ path }), "one")
    expect((await lstat(path)).isSymbolicLink()).toBe(true)
    expect(await mode(target())).toBe("600")
  })

  it("uses one lock for all ways to a file that is not there yet", async () => {
    await mkdir(join(folder, "elsewhere"))
    await symlink("elsewhere", join(folder, "way"))
    const store = await openFileStore({ path: join(folder, "way", "real.json") })
    await put(store, "one")
    expect(await text(await openFileStore({ path: target() }))).toBe("one")
    expect(await contents(join(folder, "elsewhere"))).toContain("real.json.lock")
  })

  it("refuses a circle", async () => {
    await symlink(path, join(folder, "link"))
    await symlink(join(folder, "link"), path)
    await expect(openFileStore({ path })).rejects.toMatchObject({
      name: "ChannelError",
      code: "store-failed",
    })
  })
})

describe("file store: damage", () => {
  const header = '"format":"stringphone-store","version":1'
  const entries = (list: string) => `{${header},"counter":9,"entries":[${list}]}`
  const secret = Buffer.from("secret").toString("base64")

  const damaged: Record<string, string | Uint8Array> = {
    "an empty file": "",
    "zeros, as after a power failure": new Uint8Array(100),
    "not UTF-8": Uint8Array.of(0x22, 0xff, 0x22),
    "a byte order mark": `\ufeff${entries("")}`,
    "not JSON": secret,
    "JSON and more": `${entries("")}x`,
    "another JSON": "[]",
    null: "null",
    "another format": '{"format":"other","version":1,"counter":0,"entries":[]}',
    "no version": '{"format":"stringphone-store","counter":0,"entries":[]}',
    "version 0": '{"format":"stringphone-store","version":0,"counter":0,"entries":[]}',
    "a version in words": '{"format":"stringphone-store","version":"2","counter":0,"entries":[]}',
    "no counter": `{${header},"entries":[]}`,
    "a negative counter": `{${header},"counter":-1,"entries":[]}`,
    "a fraction of a counter": `{${header},"counter":1.5,"entries":[]}`,
    "a counter too large": `{${header},"counter":9007199254740992,"entries":[]}`,
    "no entries": `{${header},"counter":9}`,
    "entries by name": `{${header},"counter":9,"entries":{}}`,
    "a field too many": `{${header},"counter":9,"entries":[],"more":1}`,
    "an entry that is no list": entries(`"a"`),
    "an entry too short": entries(`["a",1]`),
    "an entry too long": entries(`["a",1,"",""]`),
    "a key that is no string": entries(`[1,1,""]`),
    "a value that is no string": entries(`["a",1,null]`),
    "a version that is no number": entries(`["a","1",""]`),
    "a version of 0": entries(`["a",0,""]`),
    "a version from the future": entries(`["a",10,""]`),
    "base64 with white space": entries(`["a",1,"${secret} "]`),
    "base64 without padding": entries(`["a",1,"QQ"]`),
    "base64 with spare bits": entries(`["a",1,"QR=="]`),
    "base64 with the URL's letters": entries(`["a",1,"__-_"]`),
    "a key twice": entries(`["a",1,"${secret}"],["b",2,""],["a",3,""]`),
    "half of a file": entries(`["a",1,"${secret}"]`).slice(0, -5),
  }

  it.each(Object.entries(damaged))("reports %s, and leaves it alone", async (_, content) => {
    await expectRefused(content, "store-corrupt")
  })

  it.each(["2", "3000000000"])(
    "reports version %s as newer, and leaves it alone",
    async (version) => {
      await expectRefused(`{"format":"stringphone-store","version":${version}}`, "store-newer")
    },
  )

  it("notices every truncation", async () => {
    const store = await openFileStore({ path })
    await put(store, "some text")
    const whole = await readFile(path)
    for (let length = 0; length < whole.length; length++) {
      await writeFile(path, whole.subarray(0, length))
      await expect(store.get("a")).rejects.toMatchObject({ code: "store-corrupt" })
    }
    await writeFile(path, whole)
    expect(await text(store)).toBe("some text")
  })

  async function expectRefused(content: string | Uint8Array, code: string): Promise<void> {
    const store = await openFileStore({ path })
    await put(store, "before the damage")
    await writeFile(path, content)
    const before = await readFile(path)
    const attempts = [
      () => openFileStore({ path }),
      () => store.get("a"),
      () => store.list(""),
      () => put(store, "over the damage"),
      () => store.commit({ checks: [{ key: "a", version: null }], writes: [] }),
    ]
    for (const attempt of attempts) {
      const error: unknown = await attempt().then(
        () => "no error",
        (reason: unknown) => reason,
      )
      expect(error).toMatchObject({ name: "ChannelError", code })
      const message = String(error)
      expect(message).toContain(path)
      expect(message).not.toContain(secret)
      expect((error as Error).cause).toBeUndefined()
    }
    expect((await readFile(path)).equals(before)).toBe(true)
    expect(await contents(folder)).toEqual([
      "store.json",
      "store.json.lock",
      "store.json.lock/free",
    ])
  }
})

describe("file store: failures of the system", () => {
  it("refuses what is not a file", async () => {
    await mkdir(path)
    execFileSync("mkfifo", [join(folder, "fifo")])
    for (const other of [path, join(folder, "fifo"), "/dev/null"]) {
      await expect(openFileStore({ path: other })).rejects.toMatchObject({
        name: "ChannelError",
        code: "store-failed",
      })
    }
  })

  it("refuses a path through a file", async () => {
    await writeFile(path, "")
    await expect(openFileStore({ path: join(path, "store.json") })).rejects.toMatchObject({
      code: "store-failed",
    })
  })

  it("says so when its directory has gone", async () => {
    path = join(folder, "new", "store.json")
    const store = await openFileStore({ path })
    await put(store, "one")
    await rm(join(folder, "new"), { recursive: true })
    await expect(put(store, "two")).rejects.toMatchObject({ code: "store-failed" })
  })

  it("says so when it has no permission", async () => {
    assertBuilt()
    await chmod(folder, 0o755)
    await put(await openFileStore({ path }), "one")
    const before = await readFile(path)
    // To root everything is permitted, so another user has to try.
    const isRoot = process.getuid?.() === 0
    if (!isRoot) await chmod(path, 0)
    const output = await runWriter(folder, { path, bytes: 1, ...(isRoot ? { uid: 65_534 } : {}) })
    expect(output).toMatch(/^ChannelError store-failed The system does not permit .*store\.json/)
    await chmod(path, 0o600)
    expect((await readFile(path)).equals(before)).toBe(true)
  })

  it("changes nothing when the file would be too large", async () => {
    assertBuilt()
    await put(await openFileStore({ path }), "one")
    const before = await readFile(path)
    const output = await runWriter(folder, { path, bytes: 100_000, maxFileKib: 16 })
    expect(output).toMatch(/^ChannelError store-full .*store\.json/)
    expect((await readFile(path)).equals(before)).toBe(true)
    expect(await contents(join(folder, "store.json.lock"))).toEqual(["free"])
    expect(await runWriter(folder, { path, bytes: 1000, maxFileKib: 16 })).toBe("written")
  })

  it("changes nothing when the disk is full, and goes on when it is not", async (context) => {
    const disk = join(folder, "disk")
    await mkdir(disk)
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], { stdio: "pipe" })
    } catch (error) {
      const reason = `The full disk needs permission to mount a tmpfs (root): ${String(error)}`
      console.warn(reason)
      context.skip(reason)
    }
    try {
      path = join(disk, "store.json")
      const full = { name: "ChannelError", code: "store-full" }
      const large = { writes: [{ key: "large", value: new Uint8Array(300_000) }] }
      const store = await openFileStore({ path })
      await expect(store.commit(large)).rejects.toMatchObject(full)
      expect(await contents(disk)).toEqual(["store.json.lock", "store.json.lock/free"])

      await put(store, "one")
      const before = await readFile(path)
      await expect(store.commit(large)).rejects.toMatchObject(full)
      await expect(writeFile(join(disk, "filler"), new Uint8Array(300_000))).rejects.toThrow()
      await expect(put(store, "two")).rejects.toMatchObject(full)
      expect((await readFile(path)).equals(before)).toBe(true)
      expect(await contents(join(disk, "store.json.lock"))).toEqual(["free"])
      expect(await text(store)).toBe("one")

      await rm(join(disk, "filler"))
      expect(await put(store, "three")).toBe(true)
      expect(await text(await openFileStore({ path }))).toBe("three")
    } finally {
      execFileSync("umount", [disk])
    }
  })
})
