import { execFileSync } from "node:child_process"
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { NodeStickFolder } from "../../src/store/stick-folder/node.js"
import { envelopesOf, Hub, idsOf, readBy } from "../mailbox/mailbox-stick-scene.js"
import { newFolder } from "./folder.js"

const stem = "0123456789abcdef".repeat(2)
const bytes = new TextEncoder().encode("0123456789")

describe("A stick's folder on a disk", () => {
  test("carries envelopes from hub to hub", async () => {
    const path = await newFolder()
    const sent = [...envelopesOf(40), ...envelopesOf(3, undefined, 1_048_576)]
    const ann = new Hub(sent)
    const first = await ann.exportTo(new NodeStickFolder(path))
    expect(first).toMatchObject({ written: 43, isSafeToUnplug: true, damaged: 0 })
    expect(await ann.exportTo(new NodeStickFolder(path))).toMatchObject({ written: 0, known: 43 })
    const { ids, result } = await readBy(new NodeStickFolder(path))
    expect(ids).toEqual(idsOf(sent))
    expect(result).toMatchObject({ new: 43, damaged: 0, unfinished: 0 })
    expect(await ann.exportTo(new NodeStickFolder(path), { today: 65_000 })).toMatchObject({
      removed: 1,
    })
    expect((await readdir(path)).length).toBe(1)
  })

  test("goes on after an interruption, with files that lost their end", async () => {
    const path = await newFolder()
    const ann = new Hub(envelopesOf(60))
    await ann.exportTo(new NodeStickFolder(path))
    const names = await readdir(path)
    const segment = join(
      path,
      names.find((name) => name.endsWith(".mail"))!,
    )
    await writeFile(segment, (await readFile(segment)).subarray(0, 40_000))
    await writeFile(join(path, `${stem}.part`), bytes)
    expect((await readBy(new NodeStickFolder(path))).result).toMatchObject({ unfinished: 1 })
    const { written, known } = await ann.exportTo(new NodeStickFolder(path))
    expect(written).toBeGreaterThan(0)
    expect(written + known).toBe(60)
    const late = await readBy(new NodeStickFolder(path))
    expect(late.ids).toEqual(ann.ids)
    expect(late.result).toMatchObject({ damaged: 0, unfinished: 0 })
    expect(await readdir(path)).not.toContain(`${stem}.part`)
  })

  test("lists files only: no folder, no link, no pipe; and opens none of them", async () => {
    const path = await newFolder()
    const elsewhere = join(await newFolder(), "secret")
    await writeFile(elsewhere, bytes)
    await writeFile(join(path, "notes.txt"), bytes)
    await mkdir(join(path, `${stem}.mail`))
    const linked = `${"a".repeat(32)}.mail`
    await symlink(elsewhere, join(path, linked))
    const pipe = `${"b".repeat(32)}.mail`
    execFileSync("mkfifo", [join(path, pipe)])
    const folder = new NodeStickFolder(path)
    expect(await folder.list(10)).toEqual([{ name: "notes.txt", bytes: 10 }])
    for (const name of [linked, pipe, `${stem}.mail`]) {
      await expect(folder.open(name)).rejects.toMatchObject({ code: "stick-failed" })
    }
    const { result } = await readBy(folder)
    expect(result).toMatchObject({ found: 0, damaged: 0 })
  })

  test("takes no name that leads elsewhere", async () => {
    const folder = new NodeStickFolder(await newFolder())
    for (const name of [`../${stem}.mail`, "..", "", `${stem}.mail/x`, `${stem}.mail\0`, "C:x"]) {
      await expect(folder.open(name)).rejects.toMatchObject({ code: "stick-failed" })
      await expect(folder.create(name)).rejects.toMatchObject({ code: "stick-failed" })
      await expect(folder.remove(name)).rejects.toMatchObject({ code: "stick-failed" })
      await expect(folder.rename(name, `${stem}.mail`)).rejects.toMatchObject({
        code: "stick-failed",
      })
      await expect(folder.rename(`${stem}.mail`, name)).rejects.toMatchObject({
        code: "stick-failed",
      })
    }
  })

  test("lists no more than it is asked for", async () => {
    const path = await newFolder()
    for (let i = 0; i < 9; i++) await writeFile(join(path, `${i}`), bytes)
    expect((await new NodeStickFolder(path).list(4)).length).toBe(4)
  })

  test("writes at the end, reads anywhere, and takes no name twice", async () => {
    const folder = new NodeStickFolder(await newFolder())
    const [name, other] = [`${stem}.part`, `${stem}.mail`]
    const writer = await folder.create(name)
    await writer.append(bytes)
    await writer.append(bytes)
    expect(await writer.sync()).toBe(true)
    await writer.close()
    await writer.close()
    await expect(folder.create(name)).rejects.toMatchObject({ code: "stick-failed" })
    await folder.rename(name, other)
    const reader = await folder.open(other)
    expect(reader.bytes).toBe(20)
    expect(new TextDecoder().decode(await reader.read(8, 4))).toBe("8901")
    expect((await reader.read(18, 10)).length).toBe(2)
    expect((await reader.read(30, 10)).length).toBe(0)
    await reader.close()
    await reader.close()
    await folder.remove(other)
    await folder.remove(other)
    await expect(folder.open(other)).rejects.toMatchObject({ code: "stick-missing" })
    await expect(folder.rename(name, other)).rejects.toMatchObject({ code: "stick-missing" })
    expect(await folder.sync()).toBe(true)
  })

  test("tells of a folder that is not there, or is none", async () => {
    const path = await newFolder()
    await writeFile(join(path, "file"), bytes)
    for (const place of [join(path, "nowhere"), join(path, "file")]) {
      const folder = new NodeStickFolder(place)
      await expect(folder.list(1)).rejects.toMatchObject({
        name: "ChannelError",
        code: "stick-missing",
      })
      await expect(folder.create(`${stem}.mail`)).rejects.toMatchObject({ code: "stick-missing" })
      await expect(new Hub(envelopesOf(1)).exportTo(folder)).rejects.toMatchObject({
        code: "stick-missing",
      })
    }
  })

  test.skipIf(process.getuid?.() === 0)("tells of one that may not be written", async () => {
    const path = await newFolder()
    const ann = new Hub(envelopesOf(3))
    await ann.exportTo(new NodeStickFolder(path))
    await chmod(path, 0o500)
    expect((await readBy(new NodeStickFolder(path))).result).toMatchObject({ new: 3 })
    const more = new Hub(envelopesOf(1))
    await expect(more.exportTo(new NodeStickFolder(path))).rejects.toMatchObject({
      code: "stick-failed",
    })
    await chmod(path, 0o700)
  })

  test("keeps no times of its own, and may be read by others", async () => {
    const path = await newFolder()
    await new Hub(envelopesOf(3)).exportTo(new NodeStickFolder(path))
    const beside = join(await newFolder(), "plain")
    await writeFile(beside, bytes)
    const plain = await stat(beside)
    for (const name of await readdir(path)) {
      const { mtime, mode } = await stat(join(path, name))
      expect(mtime.toISOString()).toBe("2000-01-01T00:00:00.000Z")
      // As far as the user's own mask lets; not only for who wrote it.
      expect((mode & 0o777).toString(8)).toBe((plain.mode & 0o777).toString(8))
    }
  })
})
