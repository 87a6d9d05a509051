import { PeerError } from "../../bytes/index.js"
import { type LoginErrorName, loginErrors } from "../error-codes.js"
import type { AnswerHead, Fields } from "./message.js"

/** [LOGIN-7-5] */
const statuses: Readonly<Record<LoginErrorName, number>> = {
  denied: 403,
  "slow-down": 429,
  "unknown-lane": 401,
  expired: 401,
  used: 401,
  "too-old": 401,
  revoked: 401,
  malformed: 400,
  "missing-scope": 403,
  unprotected: 400,
}

const errorField = "stringphone-error"
const secondsField = "retry-after"

/** One of our errors as an answer, still to be signed. */
export function errorAnswer(
  name: LoginErrorName,
  seconds = 0,
): { readonly status: number; readonly fields: Fields; readonly body: Uint8Array } {
  const fields: Fields = [[errorField, name]]
  return {
    status: statuses[name],
    fields: seconds > 0 ? [[secondsField, String(seconds)], ...fields] : fields,
    body: new Uint8Array(0),
  }
}

/**
 * Which of our errors an answer is, by fields that were verified.
 * @returns `null` when it is none
 * @throws {PeerError} `malformed`: no error has that name and status
 */
export function readErrorName({ status, fields }: AnswerHead): LoginErrorName | null {
  const found = fields.filter(([name]) => name === errorField)
  const [first] = found
  if (!first) return null
  const name = first[1]
  if (found.length === 1 && isErrorName(name) && statuses[name] === status) return name
  throw new PeerError("malformed", "Malformed answer: no error has that name and status.")
}

/** How long to wait, 0 when nothing is said. */
export function readErrorSeconds(fields: Fields): number {
  const text = fields.find(([name]) => name === secondsField)?.[1] ?? "0"
  return /^\d{1,9}$/.test(text) ? Number(text) : 0
}

function isErrorName(text: string): text is LoginErrorName {
  return Object.hasOwn(loginErrors, text)
}
