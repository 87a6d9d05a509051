/** The time arrives with every event: a machine has no clock. */
export interface RoomTime {
  /** Milliseconds; only differences mean anything, and it never goes back. */
  readonly now: number
  /** Milliseconds since 1970, as the device believes. */
  readonly wall: number
}

/** Pauses of spec/room.md §8, in milliseconds. */
export interface RoomTiming {
  readonly pulseMs: number
  readonly silenceMs: number
  readonly absentMs: number
  readonly rotateMs: number
}

export const defaultTiming: RoomTiming = {
  pulseMs: 20_000,
  silenceMs: 60_000,
  absentMs: 600_000,
  rotateMs: 600_000,
}
