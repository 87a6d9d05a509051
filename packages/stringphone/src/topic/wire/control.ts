import { concat, decodeAll, u32, u48, u8 } from "../../bytes/index.js"

/** What participants tell each other's machines, spec/topic.md §4. */
export type Control =
  | { readonly kind: "rekey-key"; readonly serial: number; readonly rekeyKey: Uint8Array }
  | {
      readonly kind: "sync"
      /** 16 bytes. */
      readonly challenge: Uint8Array
      /** What the sender used of this epoch; `null`: it does not know. */
      readonly counters: number | null
    }
  | {
      readonly kind: "report"
      /** 16 bytes, zeros when nobody asked. */
      readonly challenge: Uint8Array
      readonly tag: number
      readonly counters: number
      /** 8 bytes: of the highest message accepted, zeros when there is none. */
      readonly guard: Uint8Array
    }
  /** Of an earlier epoch: its sender used no counter from `counters` on. */
  | { readonly kind: "closing"; readonly epoch: number; readonly counters: number }
  /** Of a kind that a later version may know. */
  | { readonly kind: "unknown" }

const unknownCounters = 0xffffffff

/**
 * Control content, spec/topic.md §4.
 *
 *   +-----------+--------------------------------------+
 *   | 1 rekey   | serial u48   | rekey key 32           |
 *   | 2 sync    | challenge 16 | counters u32           |
 *   | 3 report  | challenge 16 | tag 4 | counters u32 | guard 8 |
 *   | 4 closing | epoch u32    | counters u32           |
 *   +-----------+--------------------------------------+
 */
export function encodeControl(control: Exclude<Control, { kind: "unknown" }>): Uint8Array {
  switch (control.kind) {
    case "rekey-key":
      return concat(u8(1), u48(control.serial), control.rekeyKey)
    case "sync":
      return concat(u8(2), control.challenge, u32(control.counters ?? unknownCounters))
    case "report": {
      const { challenge, counters, guard, tag } = control
      return concat(u8(3), challenge, u32(tag), u32(counters), guard)
    }
    case "closing":
      return concat(u8(4), u32(control.epoch), u32(control.counters))
  }
}

/** @throws {PeerError} `malformed` */
export function decodeControl(content: Uint8Array): Control {
  return decodeAll(content, "control message", (r) => {
    switch (r.u8("kind")) {
      case 1:
        return {
          kind: "rekey-key",
          serial: r.u48("serial"),
          rekeyKey: r.take(32, "rekey key").slice(),
        }
      case 2: {
        const challenge = r.take(16, "challenge").slice()
        const counters = r.u32("counters")
        return { kind: "sync", challenge, counters: counters === unknownCounters ? null : counters }
      }
      case 3:
        return {
          kind: "report",
          challenge: r.take(16, "challenge").slice(),
          tag: r.u32("tag"),
          counters: r.u32("counters"),
          guard: r.take(8, "guard").slice(),
        }
      case 4:
        return { kind: "closing", epoch: r.u32("epoch"), counters: r.u32("counters") }
      default:
        r.rest("fields")
        return { kind: "unknown" }
    }
  })
}
