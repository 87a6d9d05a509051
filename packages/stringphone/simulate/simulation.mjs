// All of one run: the spreads and the sweeps that were asked for, as one object.
import { spreadIdeally } from "./ideal.mjs"
import { randomMessages } from "./messages.mjs"
import { modelMeetings } from "./population.mjs"
import { Random } from "./random.mjs"
import { runSweep, sweeps } from "./sweeps.mjs"
import { readTrace, TraceError } from "./trace.mjs"

/**
 * @param {ReturnType<typeof import("./flags.mjs").readFlags>} flags
 * @param {(what: string, share: number) => void} progress
 * @throws {TraceError}
 */
export function simulate(flags, progress = () => {}) {
  const { seed, messages: count, leftHours } = flags
  const trace = flags.trace === null ? null : readTrace(flags.trace)
  if (trace && trace.seconds < leftHours * 3_600) {
    throw new TraceError(
      `${flags.trace} lasts ${hoursOf(trace)} hours, fewer than the ${leftHours} that --left asks for.`,
    )
  }
  const model = (nodes) => modelMeetings({ nodes, hours: flags.hours }, new Random(seed, "model"))
  const sizes = flags.only.includes("spread") ? (trace ? [trace.nodes] : flags.nodes) : []
  const spreads = sizes.map((nodes) => {
    const what = `spread over ${nodes} nodes`
    progress(what, 0)
    const meetings = trace ?? model(nodes)
    const messages = randomMessages(meetings, { count, leftHours }, new Random(seed, "messages"))
    const result = spreadIdeally(meetings, messages, (share) => progress(what, share))
    progress(what, 1)
    return { nodes, meetings: meetings.time.length, hours: hoursOf(meetings), result }
  })
  const names = Object.keys(sweeps).filter((name) => flags.only.includes(name))
  const among = names.length === 0 ? null : (trace ?? model(flags.sweepNodes))
  const settings = { ...flags, messages: flags.sweepMessages }
  return {
    format: "stringphone-simulation",
    version: 1,
    contacts: trace ? "trace" : "model",
    settings: settingsOf(flags),
    spreads,
    sweeps: names.map((name) =>
      runSweep(name, among, settings, (share) => progress(sweeps[name].title, share)),
    ),
  }
}

/** What the numbers follow from: with the same, they are the same. */
function settingsOf(flags) {
  const { seed, hours, leftHours, messages, sweepNodes, sweepMessages } = flags
  const { bufferBytes, junkPerDay, lookHours } = flags
  const ofModel = flags.trace === null ? { hours, sweepNodes } : {}
  return {
    seed,
    leftHours,
    messages,
    sweepMessages,
    bufferBytes,
    junkPerDay,
    lookHours,
    ...ofModel,
  }
}

function hoursOf(meetings) {
  return Number((meetings.seconds / 3_600).toFixed(1))
}
