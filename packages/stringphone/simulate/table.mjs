// The result as text, for a terminal.
import { bytes, count, hours, percent } from "./words.mjs"

export function tableOf({ spreads, sweeps }) {
  const lines = []
  for (const { nodes, meetings, hours: duration, result } of spreads) {
    lines.push(
      `Ideal spread: ${count(nodes)} nodes, ${count(meetings)} meetings in ${duration} h, ${count(result.messages)} messages`,
    )
    for (const row of spreadRows(result)) lines.push(`  ${row[0].padEnd(26)} ${row[1]}`)
    lines.push("")
  }
  for (const sweep of sweeps) lines.push(...sweepLines(sweep), "")
  return lines.join("\n")
}

/** @returns {[string, string][]} what and how much */
export function spreadRows({
  delivered,
  latencyHours,
  hops,
  storedBytes,
  receivedBytes,
  sentBytes,
}) {
  const joined = (values, name) =>
    Object.entries(values)
      .map(([key, value]) => name(key, value))
      .join(" · ")
  const perNode = ({ mean, p95, max }) =>
    `${bytes(mean)} on average · ${bytes(p95)} for 95 % · at most ${bytes(max)}`
  return [
    ["delivered within", joined(delivered, (h, share) => `${h} h ${percent(share)}`)],
    ["latency", joined(latencyHours, (p, value) => `${p} ${hours(value)}`)],
    [
      "hops",
      joined(hops, (key, value) => `${key} ${value === null ? "–" : Number(value.toFixed(1))}`),
    ],
    ["stored per node", perNode(storedBytes)],
    ["received per node", perNode(receivedBytes)],
    ["sent per node", perNode(sentBytes)],
  ]
}

export const sweepColumns = ["1 h", "6 h", "24 h", "48 h", "median", "hops", "stored", "received"]

/** @returns {string[]} in the order of the columns */
export function sweepCells({ delivered, latencyHours, hops, storedBytes, receivedBytes }) {
  return [
    ...Object.values(delivered).map(percent),
    hours(latencyHours.p50),
    hops.mean === null ? "–" : hops.mean.toFixed(1),
    bytes(storedBytes.mean),
    bytes(receivedBytes.mean),
  ]
}

/** What else a sweep shows. @returns {[string, (result: any) => string][]} */
export function extraColumns(name) {
  if (name === "flooders") return [["junk", ({ junkShare }) => percent(junkShare)]]
  if (name !== "seized") return []
  return [
    ["seen", ({ seenShare }) => percent(seenShare)],
    ["guessed", ({ senderGuessedShare }) => percent(senderGuessedShare)],
  ]
}

function sweepLines({ name, title, axis, nodes, series }) {
  const extra = extraColumns(name)
  const head = [...sweepColumns, ...extra.map(([column]) => column)]
  const rows = series.flatMap(({ name: label, points }) => [
    [label],
    ...points.map(({ value, result }) => [
      `  ${value} %`,
      ...sweepCells(result),
      ...extra.map(([, cell]) => cell(result)),
    ]),
  ])
  const width = Math.max(8, ...head.map((cell) => cell.length), 9) + 1
  const line = ([first, ...cells]) =>
    `  ${first.padEnd(8)}${cells.map((cell) => cell.padStart(width)).join("")}`
  return [`${title}: ${axis} (${count(nodes)} nodes)`, line(["", ...head]), ...rows.map(line)]
}
