// Half an hour of mixed traffic, told by a seed: servers that start anew, a database that fails in the middle, a
// network that loses and repeats, devices that come and are revoked, several programs on one device.
import { describe, expect, test } from "vitest"
import { LoadStory } from "./login-load-story.js"

const { process } = globalThis as { process?: { env: Record<string, string | undefined> } }
const runs = Number(process?.env["LOGIN_LOAD_RUNS"] ?? 2)

describe.each(["memory", "store"] as const)("lanes in the %s", (lanes) => {
  test.each(Array.from({ length: runs }, (_, seed) => seed + 1))("story %i", async (seed) => {
    const story = await LoadStory.begin(seed, lanes)
    while (story.minutes < 30) await story.step()
    await story.end()

    expect(story.wronged).toEqual([])
    // It was a story in which all of that happened.
    const { counts } = story
    expect(counts.done).toBeGreaterThan(400)
    expect(counts.failed).toBeGreaterThan(10)
    expect(counts.replayed).toBeGreaterThan(200)
    expect(counts.refreshes).toBeGreaterThan(20)
    expect(counts.restarts).toBeGreaterThan(5)
    expect(counts.outages).toBeGreaterThan(5)
    expect(counts.revoked).toBeGreaterThan(2)
    expect(counts.programs).toBeGreaterThan(10)
  })
})
