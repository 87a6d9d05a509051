import type { Readings } from "@stringphone/cli/home-messages"

/** The last readings of one computer, in columns as uPlot wants them: seconds, then values. */
export interface History {
  readonly at: readonly number[]
  readonly load: readonly number[]
  readonly memory: readonly number[]
  readonly received: readonly (number | null)[]
  readonly sent: readonly (number | null)[]
}

export const historySeconds = 120
/** However often a device reports. */
const maxPoints = 600

export const emptyHistory: History = { at: [], load: [], memory: [], received: [], sent: [] }

/** With one more reading, and without those older than two minutes. */
export function withReadings(history: History, readings: Readings, nowMs: number): History {
  const now = nowMs / 1000
  const last = history.at.at(-1) ?? -Infinity
  // A clock that was set back: start over, for a plot needs rising times.
  const before = now > last ? history : emptyHistory
  const recent = before.at.findIndex((at) => at >= now - historySeconds)
  const first = recent < 0 ? before.at.length : Math.max(recent, before.at.length - maxPoints + 1)
  return {
    at: [...before.at.slice(first), now],
    load: [...before.load.slice(first), readings.load],
    memory: [...before.memory.slice(first), readings.memory],
    received: [...before.received.slice(first), readings.received],
    sent: [...before.sent.slice(first), readings.sent],
  }
}
