// Real contacts: the SocioPatterns format, a line `t i j` for each slot in which i and j were face to
// face. Further columns, such as the people's departments, are left out.
import { readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import { sortedMeetings } from "./meetings.mjs"

/** What the person who gave the file can do something about. */
export class TraceError extends Error {
  name = "TraceError"
}

export const whereTracesAre =
  "Traces in this format: sociopatterns.org/datasets, such as the conference SFHH (2009) and the workplace InVS15 (2015)."

/**
 * @param {string} file plain or gzip
 * @returns {import("./meetings.mjs").Meetings}
 * @throws {TraceError}
 */
export function readTrace(file) {
  let bytes
  try {
    bytes = readFileSync(file)
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = gunzipSync(bytes)
  } catch (error) {
    throw new TraceError(`${file} can not be read: ${error.message}. ${whereTracesAre}`)
  }
  return parseTrace(bytes.toString("utf8"), file)
}

/**
 * @param {string} text
 * @param {string} name as errors have it
 * @returns {import("./meetings.mjs").Meetings}
 * @throws {TraceError}
 */
export function parseTrace(text, name) {
  const people = new Map()
  const numberOf = (person) => {
    const known = people.get(person)
    if (known !== undefined) return known
    people.set(person, people.size)
    return people.size - 1
  }
  const time = []
  const a = []
  const b = []
  let lineNumber = 0
  for (const line of text.split("\n")) {
    lineNumber++
    const trimmed = line.trim()
    if (trimmed === "" || trimmed.startsWith("#")) continue
    const refuse = (why) => {
      throw new TraceError(
        `${name}, line ${lineNumber}: ${why}. A line is "t i j", as "31220 58 63".`,
      )
    }
    const [t, i, j] = trimmed.split(/\s+/)
    if (j === undefined) refuse("there are fewer than three columns")
    if (!/^\d{1,15}$/.test(t)) refuse(`the time "${shortened(t)}" is no whole number of seconds`)
    for (const person of [i, j]) {
      if (!/^\d{1,15}$/.test(person)) refuse(`"${shortened(person)}" is no person's number`)
    }
    if (i === j) refuse(`${i} can not meet itself`)
    time.push(Number(t))
    a.push(numberOf(i))
    b.push(numberOf(j))
  }
  if (time.length === 0) throw new TraceError(`${name} has no contacts in it. ${whereTracesAre}`)
  let first = Infinity
  let last = 0
  for (const t of time) {
    first = Math.min(first, t)
    last = Math.max(last, t)
  }
  if (last - first > 0xffffffff) throw new TraceError(`${name} lasts longer than a century.`)
  const since = time.map((t) => t - first)
  return sortedMeetings(people.size, since, a, b, last - first)
}

function shortened(text) {
  return text.length > 20 ? `${text.slice(0, 20)}…` : text
}
