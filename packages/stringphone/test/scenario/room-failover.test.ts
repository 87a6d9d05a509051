// Nine people, partitions, killed programs, and time that passes as fast as it is computed: after each
// run everybody is in one room, and an observer who saw all of it found nothing wrong.
import { describe, expect, it } from "vitest"
import { cryptoEngine } from "../../src/crypto/index.js"
import { type Report, tellStory } from "./room-simulation-story.js"

const { process } = globalThis as {
  readonly process?: { readonly env: Readonly<Record<string, string | undefined>> }
}
const env = process?.env ?? {}
/** More where somebody asks for them: `ROOM_RUNS=300`. */
const wanted = env["ROOM_RUNS"] ?? "50"
const runs = cryptoEngine() === "native" ? Number(wanted) : 2
const minuteMs = 60_000

type Numbers = { readonly [K in keyof Report as Report[K] extends number ? K : never]: number }

function averages(reports: readonly Report[]): Numbers {
  const keys = Object.keys(reports[0] as Report) as (keyof Numbers)[]
  const numbers = keys.filter((key) => typeof reports[0]?.[key] === "number")
  return Object.fromEntries(
    numbers.map((key) => [
      key,
      reports.reduce((sum, report) => sum + report[key], 0) / reports.length,
    ]),
  ) as Numbers
}

type Quorum = "votes" | "view" | "none"
const told = new Map<string, Report>()

async function reportsOf(quorum: Quorum, count: number): Promise<readonly Report[]> {
  const reports: Report[] = []
  for (let seed = 1; seed <= count; seed++) {
    const key = `${quorum} ${seed}`
    const report = told.get(key) ?? (await tellStory({ seed, quorum }))
    told.set(key, report)
    reports.push(report)
  }
  return reports
}

function tell(what: string, count: number, of: Numbers): void {
  const shown = Object.entries(of).flatMap(([key, value]) =>
    key === "seed" ? [] : [`${key} ${value.toFixed(2)}`],
  )
  console.info(`${what}, ${count} runs, on average: ${shown.join(", ")}`)
}

describe("a room whose captain is gone, cut off or killed", () => {
  it(`finds together again in each of ${runs} runs`, { timeout: 30 * minuteMs }, async () => {
    const reports = await reportsOf("votes", runs)
    const wrong = reports.flatMap(({ seed, violations }) =>
      violations.map((what) => `seed ${seed}: ${what}`),
    )
    expect(wrong).toEqual([])
    const mean = averages(reports)
    tell("Majority of votes", runs, mean)
    // Things did go wrong, and it was the rules that kept them small.
    if (runs < 20) return
    expect(mean.elections).toBeGreaterThan(0.5)
    expect(mean.texts).toBeGreaterThan(30)
    expect(mean.restarts).toBeGreaterThan(0.5)
    expect(mean.rewound + mean.stranded).toBeGreaterThan(0.2)
    expect(mean.deepForks).toBeLessThan(runs < 100 ? 0.8 : 0.4)
    expect(mean.convergedMs).toBeLessThan(3 * minuteMs)
  })

  it("forks deeper where nobody needs votes", { timeout: 30 * minuteMs }, async () => {
    const count = Math.ceil(runs / 3)
    const mean = async (quorum: Quorum): Promise<Numbers> =>
      averages(await reportsOf(quorum, count))
    const votes = await mean("votes")
    const view = await mean("view")
    const none = await mean("none")
    tell("Majority of votes", count, votes)
    tell("Whoever sees a majority, without votes", count, view)
    tell("No quorum", count, none)
    expect(none.epochs).toBeGreaterThan(0)
    if (count < 10) return
    expect(none.forks).toBeGreaterThan(votes.forks)
    expect(none.deepForks).toBeGreaterThan(votes.deepForks)
    expect(view.elections).toBeGreaterThan(votes.elections)
  })

  it("runs alike from one seed", { timeout: 5 * minuteMs }, async () => {
    const [one] = await reportsOf("votes", 1)
    expect(await tellStory({ seed: 1 })).toEqual(one)
    expect(one?.fingerprint).not.toBe((await tellStory({ seed: 2 })).fingerprint)
  })
})
