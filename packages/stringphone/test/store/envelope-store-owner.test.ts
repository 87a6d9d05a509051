import { readFile, utimes, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { beforeEach, describe, expect, it } from "vitest"
import { openFileEnvelopeStore } from "../../src/store/envelopes/file.js"
import { sample } from "../contract/envelope-store-samples.js"
import { deadPid } from "./children.js"
import { contents, newFolder } from "./folder.js"

let folder: string
let owner: string
beforeEach(async () => {
  folder = await newFolder()
  owner = join(folder, "owner.json")
})

const open = (ownerSilenceMs = 15_000) => openFileEnvelopeStore({ folder, ownerSilenceMs })
const locked = { name: "ChannelError", code: "store-locked" }

interface Note {
  readonly pid: number
  readonly start: string
  readonly machine: string
  readonly host: string
}

/** What somebody else's owner.json says, who differs from us in this. */
async function writeOwner(change: Partial<Note>): Promise<void> {
  const store = await open()
  const own = JSON.parse(await readFile(owner, "utf8")) as Note
  await store.close()
  await writeFile(owner, JSON.stringify({ ...own, nonce: "other", ...change }))
}

async function expectUsable(silenceMs?: number): Promise<void> {
  const store = await open(silenceMs)
  expect(await store.add([sample(1)])).toEqual([true])
  await store.close()
}

describe("the owner of a folder of envelopes", { timeout: 60_000 }, () => {
  it("is the only one, until it closes", async () => {
    const store = await open()
    await expect(open()).rejects.toMatchObject({
      ...locked,
      message: expect.stringContaining(`process ${process.pid} on `) as string,
    })
    await store.close()
    await expectUsable()
  })

  it("is one of several who come at once", async () => {
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => open()))
    const opened = results.flatMap((result) =>
      result.status === "fulfilled" ? [result.value] : [],
    )
    expect(opened).toHaveLength(1)
    for (const result of results) {
      if (result.status === "rejected") expect(result.reason).toMatchObject(locked)
    }
    await opened[0]!.close()
    expect(await contents(folder)).toEqual([
      "envelopes.json",
      "owner.json.lock",
      "owner.json.lock/free",
    ])
  })

  it("is forgotten at once when its process has ended", async () => {
    await writeOwner({ pid: await deadPid() })
    await expectUsable()
  })

  it.runIf(process.platform === "linux")("is not any process of the same number", async () => {
    await writeOwner({ start: "1" })
    await expectUsable()
  })

  it("of another machine is forgotten when it is silent", async () => {
    await writeOwner({ machine: "elsewhere" })
    await expectUsable(300)
  })

  it("of another machine is believed while it is not silent", async () => {
    await writeOwner({ machine: "elsewhere", host: "far", pid: 4711 })
    let seconds = 0
    const touching = setInterval(() => void utimes(owner, 0, ++seconds), 50)
    const message = expect.stringContaining('process 4711 on "far"') as string
    await expect(open(30_000)).rejects.toMatchObject({ ...locked, message })
    clearInterval(touching)
  })

  it.each(["", "{", "null", "4711", '{"pid":1}'])(
    "that can not be read (%s) is forgotten when it is silent",
    async (text) => {
      await writeFile(owner, text)
      await expectUsable(300)
    },
  )

  it("writes nothing any more when another has taken over", async () => {
    const late = await open()
    await late.add([sample(1)])
    const note = JSON.parse(await readFile(owner, "utf8")) as Note
    await writeFile(owner, JSON.stringify({ ...note, machine: "elsewhere" }))
    const next = await open(300)
    await next.add([sample(2)])
    const before = await contents(folder)
    await expect(late.add([sample(3, { day: 9 })])).rejects.toMatchObject(locked)
    await expect(late.expire(65_535)).rejects.toMatchObject(locked)
    await late.close()
    expect(await contents(folder)).toEqual(before)
    expect((await next.usage()).count).toBe(2)
    await next.add([sample(4)])
    await next.close()
    const again = await open()
    expect((await again.usage()).count).toBe(3)
    await again.close()
  })
})
