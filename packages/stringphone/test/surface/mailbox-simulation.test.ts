import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { carry } from "../../simulate/carry.mjs"
import { spreadIdeally } from "../../simulate/ideal.mjs"
import { randomMessages } from "../../simulate/messages.mjs"
import { modelMeetings } from "../../simulate/population.mjs"
import { Random } from "../../simulate/random.mjs"
import { parseTrace } from "../../simulate/trace.mjs"

const script = join(import.meta.dirname, "../../../../scripts/simulate.mjs")
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "simulation-"))
})

afterAll(() => rmSync(folder, { recursive: true }))

function simulate(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [script, ...args], { encoding: "utf8" })
}

/** People in a ring of meetings that nobody planned: 30 of them, four hours, slots of 20 s. */
function smallTrace(seed: number): string {
  const random = new Random(seed, "trace")
  const lines: string[] = []
  for (let slot = 0; slot < 720; slot++) {
    for (let meeting = random.poisson(0.3); meeting > 0; meeting--) {
      const a = random.below(30)
      const b = (a + 1 + random.below(29)) % 30
      lines.push(`${1000 + slot * 20}\t${100 + a}\t${100 + b}`)
    }
  }
  return `# made up\n${lines.join("\n")}\n`
}

describe("Reading a trace", () => {
  test("People get numbers from 0, times begin at 0 and are put in order", () => {
    const { nodes, seconds, time, a, b } = parseTrace(
      "60 7 9 MED ADM\n\n# note\n20 9 12\r\n60 12 7",
      "x",
    )
    expect({ nodes, seconds, time: [...time], a: [...a], b: [...b] }).toEqual({
      nodes: 3,
      seconds: 40,
      time: [0, 40, 40],
      a: [1, 0, 2],
      b: [2, 1, 0],
    })
  })

  test.each([
    ["20 1 2\n40 1", 2, "fewer than three columns"],
    ["20 1 2\n\n4.5 1 2", 3, 'the time "4.5" is no whole number'],
    ["-20 1 2", 1, 'the time "-20"'],
    ["20 1 bob", 1, '"bob" is no person'],
    ["20 1 2\n40 3 3", 2, "3 can not meet itself"],
  ])("A bad line is named: %j", (text, line, why) => {
    expect(() => parseTrace(text, "contacts.dat")).toThrow(`contacts.dat, line ${line}: `)
    expect(() => parseTrace(text, "contacts.dat")).toThrow(why)
  })

  test("A file without contacts says where there are traces", () => {
    expect(() => parseTrace("# nothing\n", "x")).toThrow(/x has no contacts.*sociopatterns\.org/)
  })
})

/** The same from the definition: each message alone, a set of those who have it. */
function bruteForce(
  meetings: ReturnType<typeof parseTrace>,
  messages: ReturnType<typeof randomMessages>,
): { latencies: number[]; hops: number[] } {
  const latencies: number[] = []
  const hops: number[] = []
  for (let message = 0; message < messages.count; message++) {
    const start = messages.start[message]!
    const has = new Map([[messages.sender[message]!, 0]])
    for (let i = 0; i < meetings.time.length; i++) {
      if (meetings.time[i]! < start) continue
      for (const [from, to] of [
        [meetings.a[i]!, meetings.b[i]!],
        [meetings.b[i]!, meetings.a[i]!],
      ] as const) {
        const hop = has.get(from)
        if (hop === undefined || has.has(to)) continue
        has.set(to, hop + 1)
        latencies.push(meetings.time[i]! - start)
        hops.push(hop + 1)
      }
    }
  }
  return { latencies, hops }
}

describe("Ideal spread", () => {
  test.each([1, 2, 3, 4, 5])("It is what the definition says, on small trace %i", (seed) => {
    const meetings = parseTrace(smallTrace(seed), "small")
    const wanted = { count: 70, leftHours: 1 }
    const messages = randomMessages(meetings, wanted, new Random(seed, "messages"))
    const { latencies, hops } = bruteForce(meetings, messages)
    const { delivered, hops: measured, receivedBytes } = spreadIdeally(meetings, messages)
    const pairs = 70 * (meetings.nodes - 1)
    const within = (h: number): number => latencies.filter((s) => s <= h * 3600).length / pairs
    expect(latencies.length).toBeGreaterThan(100)
    expect(delivered["1"]).toBeCloseTo(within(1), 3)
    expect(delivered["6"]).toBeNull()
    expect(measured.max).toBe(Math.max(...hops))
    expect(measured.mean).toBeCloseTo(hops.reduce((a, b) => a + b, 0) / hops.length, 2)
    expect(receivedBytes.max).toBeGreaterThan(0)
  })

  test("Hubs with room for everything come to the same", () => {
    const meetings = modelMeetings({ nodes: 150, hours: 30 }, new Random(3, "model"))
    const wanted = { count: 60, leftHours: 12 }
    const messages = randomMessages(meetings, wanted, new Random(3, "messages"))
    const hubs = carry(
      meetings,
      messages,
      { ...conditions(150), bufferBytes: 1e9, hasQuotas: false },
      new Random(3, "carry"),
    )
    expect(hubs).toMatchObject(spreadIdeally(meetings, messages))
    expect(hubs.delivered["6"]).toBeGreaterThan(0.01)
  })
})

function conditions(nodes: number): Parameters<typeof carry>[2] {
  return {
    bufferBytes: 200 * 1024,
    hasQuotas: true,
    linkShare: 0.5,
    drops: "oldest",
    doesReadRefused: false,
    lookSeconds: 0,
    roles: new Array<"honest">(nodes).fill("honest"),
    junkPerDay: 1_000,
    seizureSeconds: 12 * 3600,
  }
}

describe("Hubs", () => {
  const nodes = 300
  const meetings = modelMeetings({ nodes, hours: 48 }, new Random(5, "model"))
  const senders = Array.from({ length: nodes - 30 }, (_, i) => i + 30)
  const wanted = { count: 200, leftHours: 24, senders }
  const messages = randomMessages(meetings, wanted, new Random(5, "messages"))
  const run = (
    change: Partial<Parameters<typeof carry>[2]>,
    role: "honest" | "flooder" | "hole" | "seized" = "honest",
    howMany = 0,
  ): ReturnType<typeof carry> => {
    const roles = Array.from({ length: nodes }, (_, i) => (i < howMany ? role : "honest"))
    return carry(
      meetings,
      messages,
      { ...conditions(nodes), ...change, roles },
      new Random(5, "carry"),
    )
  }

  test("Quotas help against flooders where any is dropped, and halve traffic where the oldest is", () => {
    const [any, withoutQuotas] = [{ drops: "any" }, { hasQuotas: false }] as const
    const withoutBoth = run({ ...any, ...withoutQuotas }, "flooder", 3)
    const quotasOnly = run(any, "flooder", 3)
    expect(quotasOnly.delivered["24"]).toBeGreaterThan(1.5 * withoutBoth.delivered["24"]!)
    const shipped = run({}, "flooder", 3)
    const without = run(withoutQuotas, "flooder", 3)
    expect(shipped.receivedBytes.mean).toBeLessThan(0.6 * without.receivedBytes.mean)
    expect(shipped.delivered["24"]).toBeGreaterThan(0.8 * without.delivered["24"]!)
    expect(without.junkShare).toBeGreaterThan(0.5)
  })

  test("Quotas cost little without flooders", () => {
    const honest = run({})
    const without = run({ hasQuotas: false })
    expect(honest.delivered["24"]).toBeGreaterThan(0.9 * without.delivered["24"]!)
    expect(honest.junkShare).toBe(0)
  })

  test("More room delivers more, and nobody stores more than it has room for", () => {
    const [little, more] = [run({ bufferBytes: 128 * 1024 }), run({ bufferBytes: 512 * 1024 })]
    expect(more.delivered["24"]).toBeGreaterThan(little.delivered["24"]!)
    expect(little.storedBytes.max).toBeLessThanOrEqual(128 * 1024)
    expect(more.storedBytes.max).toBeGreaterThan(128 * 1024)
  })

  test("Dropping the oldest delivers more than dropping any, with flooders and without", () => {
    for (const flooders of [0, 3]) {
      const oldest = run({}, "flooder", flooders).delivered["24"]!
      const any = run({ drops: "any" }, "flooder", flooders).delivered["24"]!
      expect(oldest).toBeGreaterThan(1.05 * any)
    }
  })

  test("Who reads what its hub refuses gets more, where any is dropped", () => {
    const refusing = { drops: "any" } as const
    const reading = run({ ...refusing, doesReadRefused: true }, "flooder", 3)
    expect(reading.delivered["24"]).toBeGreaterThan(run(refusing, "flooder", 3).delivered["24"]!)
  })

  test("A mailbox that looks from time to time sees what is still there, and later", () => {
    const looks = [0, 1, 3_600, 6 * 3_600].map((lookSeconds) => run({ lookSeconds }))
    const [atOnce, afterMeeting, hourly, seldom] = looks.map(({ delivered }) => delivered["24"]!)
    // What comes and goes in one meeting is seen by none but who looks at once.
    expect(afterMeeting).toBeLessThan(0.95 * atOnce!)
    expect(hourly).toBeLessThan(afterMeeting!)
    expect(seldom).toBeLessThan(0.9 * hourly!)
    // With room for everything, nothing is gone when it looks.
    const room = { bufferBytes: 1e9 }
    const [soon, late] = [0, 3_600].map((lookSeconds) => run({ ...room, lookSeconds }))
    expect(late!.latencyHours["p50"]! - soon!.latencyHours["p50"]!).toBeGreaterThan(0.3)
    expect(late!.latencyHours["p50"]! - soon!.latencyHours["p50"]!).toBeLessThan(1)
    expect(late!.delivered["24"]).toBeGreaterThan(0.9 * soon!.delivered["24"]!)
  })

  test("A tenth of black holes does not stop mail", () => {
    const holes = run({ bufferBytes: 1e7 }, "hole", 30)
    expect(holes.destinations).toBe(nodes - 31)
    expect(holes.delivered["24"]).toBeGreaterThan(0.6 * run({ bufferBytes: 1e7 }).delivered["24"]!)
  })

  test("Seized stores show copies of most mail, and the senders of little of it", () => {
    const { seenShare, senderGuessedShare } = run(
      { bufferBytes: 1e7, seizureSeconds: 36 * 3600 },
      "seized",
      30,
    )
    expect(seenShare).toBeGreaterThan(0.2)
    expect(senderGuessedShare).toBeLessThan(seenShare / 2)
  })
})

describe("npm run simulate", () => {
  const small = ["--nodes", "300", "--messages", "40", "--sweep-nodes", "60"]
  const quick = [
    ...small,
    "--sweep-messages",
    "30",
    "--junk",
    "50",
    "--hours",
    "30",
    "--left",
    "20",
  ]

  test("The same seed gives the same run, another one another", () => {
    const [first, again, other] = [7, 7, 8].map((seed) => simulate(...quick, "--seed", `${seed}`))
    expect(first!.status).toBe(0)
    expect(first!.stdout).toMatch(/Ideal spread: 300 nodes[^]*Flooders[^]*Seized nodes/)
    expect(again!.stdout).toBe(first!.stdout)
    expect(other!.stdout).not.toBe(first!.stdout)
  })

  test("The page holds what the JSON holds, and nothing that runs or is loaded", () => {
    const [json, report] = [join(folder, "all.json"), join(folder, "all.html")]
    expect(simulate(...quick, "--json", json, "--report", report).status).toBe(0)
    const page = readFileSync(report, "utf8")
    const data = JSON.parse(readFileSync(json, "utf8")) as {
      spreads: { result: { messages: number } }[]
      sweeps: { title: string; series: { name: string; points: unknown[] }[] }[]
    }
    const shown = /<pre id="data">(.*?)<\/pre>/s.exec(page)![1]!.replaceAll("&quot;", '"')
    expect(JSON.parse(shown)).toEqual(data)
    expect(data.spreads.map(({ result }) => result.messages)).toEqual([40])
    expect(data.sweeps.map(({ title }) => title)).toHaveLength(4)
    for (const { title, series } of data.sweeps) {
      expect(page).toContain(`<h2>${title}</h2>`)
      for (const { name } of series) expect(page).toContain(name.replaceAll('"', "&quot;"))
    }
    const rows = data.sweeps.flatMap(({ series }) => series.flatMap(({ points }) => points))
    expect(page.match(/<tr><th scope="row">[\d.]+ %/g)).toHaveLength(rows.length)
    expect(page.match(/<figure>/g)).toHaveLength(5)
    expect(page).not.toMatch(/<script|<link|<img|https?:|NaN|undefined/)
  })

  test("A trace, plain or gzip, is used instead of the model", () => {
    const [plain, packed] = [join(folder, "t.dat"), join(folder, "t.dat.gz")]
    writeFileSync(plain, smallTrace(1))
    writeFileSync(packed, gzipSync(smallTrace(1)))
    const args = ["--left", "1", "--messages", "50", "--sweep-messages", "20"]
    const { status, stdout } = simulate("--trace", plain, ...args)
    expect(status).toBe(0)
    expect(stdout).toMatch(/Ideal spread: 30 nodes, \d+ meetings in 4 h, 50 messages/)
    expect(simulate("--trace", packed, ...args).stdout).toBe(stdout)
  })

  test.each([
    [["--nope"], "Unknown option '--nope'"],
    [["--nodes", "many"], "--nodes takes a whole number"],
    [["--only", "spread,weather"], 'knows no "weather"'],
    [["--hours", "24"], "--left 48 has to be less than --hours 24"],
    [["--trace", "x", "--nodes", "100"], "--nodes is about the model"],
    [["--trace", "/does/not/exist"], "can not be read"],
    [["--nodes", "1000000", "--messages", "9000"], "need more than 2 GB"],
    [["--sweep-nodes", "20000"], "pieces of junk a day need more than 2 GB"],
  ])("Wrong use is one clear line and exit code 2: %j", (args, why) => {
    const { status, stdout, stderr } = simulate(...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" })
    expect(stderr).toContain(why)
    expect(stderr.trimEnd().split("\n")).toHaveLength(1)
  })

  test("--help has examples and says where traces are", () => {
    const { status, stdout } = simulate("--help")
    expect(status).toBe(0)
    expect(stdout).toMatch(/Examples:\n {2}npm run simulate -- [^]*sociopatterns\.org/)
  })
})
