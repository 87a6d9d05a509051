import type { Shown } from "./shown.js"

/** How the client ended, as its person wanted or as the room did. */
export type RoomEnd = "quit" | "left" | "removed" | "taken-over"

/** What a person sees of a room and types into it: the screen, or plain lines. */
export interface RoomFace {
  show(shown: Shown): void
  /** The status or what surrounds it is different now. */
  change(): void
  /** Until the person ends it, or {@link finish} does. */
  run(): Promise<RoomEnd>
  finish(end: RoomEnd): void
}
