import { concat, type Reader, u32, u8 } from "../../../bytes/index.js"

/** No message is longer, whatever the frames of a link would take. [SYNC-1-10] */
export const maxMessageLength = 65_535

/**
 * Begins every message. spec/mailbox-sync.md §1.4
 *
 *   0      1        5          9
 *   +------+--------+----------+------+
 *   | type | number | received | body |
 *   | u8   | u32    | u32      |      |
 *   +------+--------+----------+------+
 */
export interface Head {
  /** 1: days; 2: answers; 3: the last answers. */
  readonly type: number
  /** Of this message among all of its side, from 0. */
  readonly number: number
  /** How many messages of the other side its sender has. */
  readonly received: number
}

export const headBytes = 9

export const messageType = { days: 1, answers: 2, lastAnswers: 3 } as const

export function encodeHead({ type, number, received }: Head): Uint8Array {
  return concat(u8(type), u32(number), u32(received))
}

export function decodeHead(r: Reader): Head {
  const type = r.u8("type")
  if (type < messageType.days || type > messageType.lastAnswers) {
    throw r.fail(`type is ${type}, expected 1 to 3`) // [SYNC-1-11]
  }
  return { type, number: r.u32("number"), received: r.u32("received") }
}
