import { expect, onTestFinished, test } from "vitest"
import { BrowserStickFolder } from "../../src/store/stick-folder/browser.js"
import { envelopesOf, Hub, idsOf, readBy } from "../mailbox/mailbox-stick-scene.js"

const stem = "0123456789abcdef".repeat(2)
const bytes = new TextEncoder().encode("0123456789")

/** A folder of this origin: it is used just as one that a person has chosen. */
async function newDirectory() {
  const root = await navigator.storage.getDirectory()
  const name = `stick ${crypto.randomUUID()}`
  onTestFinished(() => root.removeEntry(name, { recursive: true }).catch(() => {}))
  return { root, name, directory: await root.getDirectoryHandle(name, { create: true }) }
}

test("a folder that the page was shown carries envelopes", async () => {
  const { directory } = await newDirectory()
  await directory.getDirectoryHandle(`${"a".repeat(32)}.mail`, { create: true })
  const folder = new BrowserStickFolder(directory)
  const sent = [...envelopesOf(40), ...envelopesOf(1, undefined, 1_048_576)]
  const ann = new Hub(sent)
  const first = await ann.exportTo(folder)
  expect(first).toMatchObject({ written: 41, damaged: 0, isSafeToUnplug: false })
  expect(await ann.exportTo(folder)).toMatchObject({ written: 0, known: 41 })
  const { ids, result } = await readBy(folder)
  expect(ids).toEqual(idsOf(sent))
  expect(result).toMatchObject({ new: 41, damaged: 0, unfinished: 0 })
  expect(await ann.exportTo(folder, { today: 65_000 })).toMatchObject({ removed: 1 })
})

test("it is written at the end, read anywhere, and takes no name twice", async () => {
  const { directory } = await newDirectory()
  const folder = new BrowserStickFolder(directory)
  const [name, other] = [`${stem}.part`, `${stem}.mail`]
  const writer = await folder.create(name)
  await writer.append(bytes)
  await writer.sync()
  await writer.append(bytes)
  await writer.close()
  await writer.close()
  await expect(folder.create(name)).rejects.toMatchObject({ code: "stick-failed" })
  await folder.rename(name, other)
  expect(await folder.list(9)).toEqual([{ name: other, bytes: 20 }])
  expect(await folder.list(0)).toEqual([])
  const reader = await folder.open(other)
  expect(new TextDecoder().decode(await reader.read(8, 4))).toBe("8901")
  expect((await reader.read(18, 10)).length).toBe(2)
  await folder.remove(other)
  await folder.remove(other)
  await expect(folder.open(other)).rejects.toMatchObject({ code: "stick-missing" })
  for (const bad of ["..", `../${other}`, "x.mail", ""]) {
    await expect(folder.open(bad)).rejects.toMatchObject({ code: "stick-failed" })
  }
})

test("one that has gone is told", async () => {
  const { root, name, directory } = await newDirectory()
  await root.removeEntry(name)
  const folder = new BrowserStickFolder(directory)
  await expect(readBy(folder)).rejects.toMatchObject({
    name: "ChannelError",
    code: "stick-missing",
  })
})
