import type { RoomStatus } from "stringphone/session/room"
import { statusText, type Surroundings, warningTexts } from "./status-text.js"

/** The status as one line, for those who have no status line; without what changes all the time. */
export function plainStatus(status: RoomStatus, surroundings: Surroundings): string {
  const calm = { ...surroundings, sending: 0 }
  const silentMs = status.captainSilentMs
  // By the minute is enough.
  const rounded =
    silentMs === null ? null : Math.max(60_000, Math.floor(silentMs / 60_000) * 60_000)
  const warnings = warningTexts({ ...status, captainSilentMs: rounded }, calm)
  return [statusText(status, calm), ...warnings].join(" · ")
}
