import { describe, expect, test } from "vitest"
import { ChannelError } from "../../src/bytes/index.js"
import { watchStick, type WatchOptions, type WatchRound } from "../../src/session/mailbox/stick.js"
import { SimulatedClock } from "../../src/transport/clock.js"
import { MemoryStickFolder } from "./mailbox-stick-folder.js"
import {
  check,
  envelopeOf,
  envelopesOf,
  fastCost,
  Hub,
  idsOf,
  readBy,
  today,
} from "./mailbox-stick-scene.js"

describe("Two hubs at one folder", () => {
  test.each([undefined, "horse"])(
    "write at the same time, from nothing (%s)",
    async (passphrase) => {
      const folder = new MemoryStickFolder()
      const hubs = [30, 40, 50].map((count) => new Hub(envelopesOf(count)))
      const results = await Promise.all(hubs.map((hub) => hub.exportTo(folder, { passphrase })))
      expect(results.map(({ written }) => written)).toEqual([30, 40, 50])
      const { ids, result } = await readBy(folder, { passphrase })
      expect(ids.length).toBe(120)
      expect(result).toMatchObject({ damaged: 0, unfinished: 0 })
    },
  )

  test("one may do all of its work between any two steps of the other", async () => {
    const before = new MemoryStickFolder()
    const old = [...envelopesOf(5, today + 1), ...envelopesOf(5)]
    await new Hub(old.slice(0, 5)).exportTo(before)
    await new Hub(old.slice(5)).exportTo(before)
    for (const start of [new MemoryStickFolder(), before]) {
      for (const day of [today, today + 2]) {
        let steps = 0
        for (let at = 0; ; at++) {
          const folder = new MemoryStickFolder(start.files)
          const [ann, bob] = [new Hub(envelopesOf(20)), new Hub(envelopesOf(20))]
          let step = 0
          const met: Promise<unknown>[] = []
          const beside = slowed(folder, async () => {
            if (step++ !== at) return
            met.push(bob.exportTo(folder, { today: day }))
            await met[0]
          })
          const end = await ann.exportTo(beside, { today: day })
          if (met.length === 0) break
          steps++
          expect(end).toMatchObject({ written: 20 })
          const { ids, result } = await readBy(folder, { today: day })
          expect(ids).toEqual(expect.arrayContaining([...ann.ids, ...bob.ids]))
          expect(result.damaged).toBe(0)
        }
        expect(steps).toBeGreaterThan(5)
      }
    }
  })

  test("nobody changes what another one has completed", async () => {
    const folder = new MemoryStickFolder()
    await new Hub(envelopesOf(5)).exportTo(folder)
    const before = new Map(folder.files)
    const bob = new Hub(envelopesOf(5))
    await bob.importFrom(folder)
    await bob.exportTo(folder)
    for (const [name, bytes] of before) expect(folder.files.get(name)).toEqual(bytes)
  })

  test("who reads while another one writes takes what is whole, and the rest later", async () => {
    const folder = new MemoryStickFolder()
    const ann = new Hub(envelopesOf(40, today + 3, 65_536))
    const bob = new Hub()
    const seen: number[] = []
    const beside = slowed(folder, async () => {
      const { damaged, found } = await bob.importFrom(folder)
      expect(damaged).toBe(0)
      seen.push(found)
      // Lists what there is so far; the writer's own list takes its place.
      const isDrafting = [...folder.files.keys()].some((name) => name.endsWith(".part"))
      if (!isDrafting) await bob.exportTo(folder)
    })
    await ann.exportTo(beside)
    expect(seen.some((found) => found > 0 && found < 40)).toBe(true)
    expect((await readBy(folder)).result).toMatchObject({ new: 40, damaged: 0, unfinished: 0 })
    await bob.importFrom(folder)
    expect(bob.ids).toEqual(ann.ids)
  })

  test("is told when its files have gone while it wrote", async () => {
    const folder = new MemoryStickFolder()
    const ann = new Hub(envelopesOf(3))
    folder.onChange = ({ kind }) => {
      if (kind === "rename") {
        for (const name of folder.files.keys())
          if (name.endsWith(".mail")) folder.files.delete(name)
      }
    }
    await expect(ann.exportTo(folder)).rejects.toMatchObject({ code: "stick-changed" })
    folder.onChange = () => {}
    expect(await ann.exportTo(folder)).toMatchObject({ written: 3 })
  })
})

describe("A watched folder", () => {
  test("brings mail from one hub to the other, both ways", async () => {
    const scene = new Scene()
    const [ann, bob] = [new Hub(envelopesOf(5)), new Hub(envelopesOf(6))]
    const watches = [scene.watch(ann), scene.watch(bob)]
    await scene.clock.advance(5_000)
    expect(ann.ids.length).toBe(11)
    expect(bob.ids).toEqual(ann.ids)
    bob.put(envelopeOf())
    await scene.clock.advance(5_000)
    expect(ann.ids.length).toBe(12)
    expect(scene.errors).toEqual([])
    for (const watch of watches) await watch.close()
  })

  test("reads and writes nothing when there is nothing new", async () => {
    const scene = new Scene()
    const watch = scene.watch(new Hub(envelopesOf(5)))
    await scene.clock.advance(3_000)
    const { reads } = scene.folder
    const changes = scene.folder.log.length
    const rounds = scene.rounds.length
    await scene.clock.advance(10_000)
    expect(scene.rounds.slice(rounds).length).toBeGreaterThan(5)
    for (const round of scene.rounds.slice(rounds)) {
      expect(round).toEqual({ imported: null, exported: null })
    }
    expect(scene.folder.reads).toBe(reads)
    expect(scene.folder.log.length).toBe(changes)
    await watch.close()
  })

  test("removes what has expired when the day has changed", async () => {
    const scene = new Scene()
    const watch = scene.watch(new Hub(envelopesOf(5, today)))
    await scene.clock.advance(3_000)
    expect(scene.mail.length).toBe(1)
    scene.day = today + 1
    await scene.clock.advance(3_000)
    expect(scene.mail.length).toBe(0)
    await watch.close()
  })

  test("waits for a folder that is not there, and tells", async () => {
    const scene = new Scene()
    const list = scene.folder.list.bind(scene.folder)
    scene.folder.list = async () => {
      throw new ChannelError("stick-missing", "It is not there.")
    }
    const watch = scene.watch(new Hub(envelopesOf(5)))
    await scene.clock.advance(2_500)
    expect(scene.errors.length).toBeGreaterThan(1)
    for (const error of scene.errors) expect(error).toMatchObject({ code: "stick-missing" })
    scene.folder.list = list
    await scene.clock.advance(2_500)
    expect((await readBy(scene.folder)).result).toMatchObject({ new: 5 })
    await watch.close()
  })

  test("goes on where a writer was interrupted", async () => {
    const scene = new Scene()
    const sent = envelopesOf(40)
    const [name, bytes] = await wholeSegment(sent, scene.folder)
    scene.folder.files.set(name, bytes.subarray(0, 20_000))
    const bob = new Hub()
    const watch = scene.watch(bob)
    await scene.clock.advance(2_500)
    expect(bob.ids.length).toBeGreaterThan(5)
    expect(bob.ids.length).toBeLessThan(40)
    scene.folder.files.set(name, bytes)
    await scene.clock.advance(2_500)
    expect(bob.ids).toEqual(idsOf(sent))
    await watch.close()
  })

  test("ends when it is closed, twice if need be, or told to stop", async () => {
    const scene = new Scene()
    const watch = scene.watch(new Hub(envelopesOf(5)))
    await watch.close()
    await watch.close()
    const rounds = scene.rounds.length
    await scene.clock.advance(10_000)
    expect(scene.rounds.length).toBe(rounds)
    const idle = scene.watch(new Hub(), { signal: AbortSignal.abort() })
    await scene.clock.advance(10_000)
    expect(scene.rounds.length).toBe(rounds)
    await idle.close()
  })

  test("stretches its passphrase once", async () => {
    const scene = new Scene()
    const [ann, bob] = [new Hub(envelopesOf(5)), new Hub()]
    const options = { passphrase: "horse", stretchCost: { passes: 1, memoryKib: 16_384 } }
    const watches = [scene.watch(ann, options)]
    await scene.clock.advance(2_500)
    watches.push(scene.watch(bob, options))
    await scene.clock.advance(10_000)
    expect(bob.ids).toEqual(ann.ids)
    for (const watch of watches) await watch.close()
    await expect(readBy(scene.folder, { passphrase: "cow" })).rejects.toMatchObject({
      code: "wrong-passphrase",
    })
  })
})

class Scene {
  readonly clock = new SimulatedClock()
  readonly folder = new MemoryStickFolder()
  readonly rounds: WatchRound[] = []
  readonly errors: unknown[] = []
  day = today

  watch({ store, has, accept }: Hub, options: Partial<WatchOptions> = {}) {
    const { clock, folder } = this
    return watchStick({
      folder,
      clock,
      store,
      has,
      accept,
      check,
      today: () => this.day,
      intervalMs: 1_000,
      stretchCost: fastCost,
      onRound: (round) => this.rounds.push(round),
      onError: (error) => this.errors.push(error),
      ...options,
    })
  }

  get mail(): string[] {
    return [...this.folder.files.keys()].filter((name) => name.endsWith(".mail"))
  }
}

/** Exports, and takes the list away again. */
async function wholeSegment(sent: ReturnType<typeof envelopesOf>, folder: MemoryStickFolder) {
  await new Hub(sent).exportTo(folder)
  for (const name of folder.files.keys()) if (name.endsWith(".list")) folder.files.delete(name)
  return [...folder.files].find(([name]) => name.endsWith(".mail"))!
}

/** The same folder, with something else going on before each change. */
function slowed(folder: MemoryStickFolder, before: () => Promise<void>) {
  return {
    list: async (limit: number) => folder.list(limit),
    open: async (name: string) => folder.open(name),
    create: async (name: string) => {
      await before()
      const writer = await folder.create(name)
      return {
        append: async (bytes: Uint8Array) => {
          await before()
          await writer.append(bytes)
        },
        sync: async () => {
          await before()
          return writer.sync()
        },
        close: () => writer.close(),
      }
    },
    rename: async (from: string, to: string) => {
      await before()
      await folder.rename(from, to)
    },
    remove: async (name: string) => {
      await before()
      await folder.remove(name)
    },
    sync: async () => {
      await before()
      return folder.sync()
    },
  }
}
