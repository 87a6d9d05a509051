// One thing varied at a time, each with the same people, the same meetings and the same mail.
import { carry } from "./carry.mjs"
import { randomMessages } from "./messages.mjs"
import { Random } from "./random.mjs"

/** What one link may have, as the hub's default. */
const linkShare = 0.5

const shipped = { hasQuotas: true, drops: "oldest", doesReadRefused: false }
const withoutQuotas = { ...shipped, hasQuotas: false }
const policies = [
  { name: "quotas (as the hub)", conditions: shipped },
  { name: "quotas, any is dropped", conditions: { ...shipped, drops: "any" } },
  { name: "no quotas, the oldest is dropped", conditions: withoutQuotas },
  { name: "no quotas, any is dropped", conditions: { ...withoutQuotas, drops: "any" } },
]
/** Where the oldest is dropped, hardly anything is refused. */
const reads = {
  name: "quotas, any is dropped, what is refused is read",
  conditions: { ...shipped, drops: "any", doesReadRefused: true },
}

/** With less the largest envelopes were more than a link's share. */
const leastBufferBytes = 128 * 1_024

/** By name: what is varied, and among whom. */
export const sweeps = {
  buffer: {
    title: "Room",
    about: "How much each node has room for, of all mail together. Nobody means ill.",
    axis: "room of each node, as a share of all mail",
    values: [6, 12, 25, 50, 75, 100],
    series: [...policies, reads].map((one) => ({ ...one, role: "honest" })),
  },
  flooders: {
    title: "Flooders",
    about:
      "They make junk all day and hand it to everybody; honest hubs can not tell it and pass it on.",
    axis: "share of the nodes that flood",
    values: [0, 0.1, 0.5, 1, 5],
    series: [
      ...[...policies, reads].map((one) => ({ ...one, role: "flooder" })),
      { name: "quotas, flooders change their names", conditions: shipped, role: "renaming" },
    ],
  },
  holes: {
    title: "Black holes",
    about: "They take all and forward nothing.",
    axis: "share of the nodes that forward nothing",
    values: [0, 10, 30, 50, 70, 90],
    series: [{ name: "quotas (as the hub)", conditions: shipped, role: "hole" }],
  },
  seized: {
    title: "Seized nodes",
    about:
      "After a third of the run they are taken away and read: which neighbour brought what. The neighbour named most often is taken for the sender.",
    axis: "share of the nodes that are seized",
    values: [0.1, 1, 5, 10, 30],
    series: [{ name: "quotas (as the hub)", conditions: shipped, role: "seized" }],
  },
}

/**
 * @param {keyof typeof sweeps} name
 * @param {import("./meetings.mjs").Meetings} meetings
 * @param {{ messages: number, leftHours: number, bufferBytes: number | null, junkPerDay: number, lookHours: number, seed: number }} settings
 * @param {(share: number) => void} progress
 */
export function runSweep(name, meetings, settings, progress = () => {}) {
  const { title, about, axis, values, series } = sweeps[name]
  const runs = values.length * series.length
  let done = 0
  const results = series.map(({ name: label, conditions, role }) => ({
    name: label,
    points: values.map((value) => {
      const tell = (share) => progress((done + share) / runs)
      const result = runOne(name, meetings, settings, { value, conditions, role }, tell)
      progress(++done / runs)
      return { value, result }
    }),
  }))
  return { name, title, about, axis, nodes: meetings.nodes, series: results }
}

function runOne(name, meetings, settings, { value, conditions, role }, progress) {
  const { messages: count, leftHours, junkPerDay, lookHours, seed } = settings
  // The order is that of all points: who is bad at one percent is also bad at five.
  const order = new Random(seed, "roles").sample(meetings.nodes, meetings.nodes)
  const isNobody = role === "honest" || value === 0
  const bad = isNobody ? 0 : Math.max(1, Math.round((meetings.nodes * value) / 100))
  const roles = new Array(meetings.nodes).fill("honest")
  for (const node of order.slice(0, bad)) roles[node] = role
  const wanted = { count, leftHours, senders: order.slice(bad) }
  const messages = randomMessages(meetings, wanted, new Random(seed, "messages"))
  const allBytes = messages.bytes.reduce((sum, bytes) => sum + bytes, 0)
  const usual = settings.bufferBytes ?? Math.round(allBytes / 4)
  const bufferBytes = name === "buffer" ? Math.round((allBytes * value) / 100) : usual
  const room = Math.max(leastBufferBytes, bufferBytes)
  const result = carry(
    meetings,
    messages,
    {
      ...conditions,
      linkShare,
      bufferBytes: room,
      roles,
      junkPerDay,
      lookSeconds: lookHours * 3_600,
      seizureSeconds: meetings.seconds / 3,
    },
    new Random(seed, "carry"),
    progress,
  )
  return { bufferBytes: room, badNodes: bad, ...result }
}
