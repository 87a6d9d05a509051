import { concat, decodeAll, u8, utf8 } from "../../bytes/index.js"
import { type AttemptBox, decodeAttemptBox, encodeAttemptBox } from "./attempt-box.js"
import { readV8, textOf, v8 } from "./fields.js"

export const answerType = 0x61 // a

/** Answer, spec/room.md §3. Captain → newcomer. */
export function encodeAnswer(answer: AttemptBox): Uint8Array<ArrayBuffer> {
  return encodeAttemptBox(answerType, answer)
}

/** The box is a view. @throws {PeerError} `malformed` */
export function decodeAnswer(bytes: Uint8Array): AttemptBox {
  return decodeAttemptBox(bytes, answerType, "answer")
}

/** What is in an answer's box. */
export interface AnswerFields {
  readonly answer: "waiting" | "declined" | "full"
  /** For people, at most 255 bytes of UTF-8. May hold anything: clean it before it is shown. */
  readonly reason: string
}

const answers = ["waiting", "declined", "full"] as const

/**
 *   0      1
 *   +------+-----------+
 *   | kind | reason    |
 *   | u8   | v8, UTF-8 |
 *   +------+-----------+
 */
export function encodeAnswerFields({ answer, reason }: AnswerFields): Uint8Array<ArrayBuffer> {
  return concat(u8(answers.indexOf(answer) + 1), v8(utf8(reason)))
}

/** @throws {PeerError} `malformed` */
export function decodeAnswerFields(bytes: Uint8Array): AnswerFields {
  return decodeAll(bytes, "answer", (r) => {
    const answer = answers[r.u8("kind") - 1]
    if (!answer) throw r.fail("unknown kind")
    return { answer, reason: textOf(r, readV8(r, "reason"), "reason") }
  })
}
