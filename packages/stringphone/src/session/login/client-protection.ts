import {
  type AnswerHead,
  type Call,
  type LoginErrorName,
  openAnswer,
  type ProvenError,
  readErrorName,
  readErrorSeconds,
  sealCall,
  signCall,
  verifyAnswer,
} from "../../login/index.js"
import type { LoginChannel, RawAnswer } from "./client-channel.js"
import { believed } from "./client-errors.js"
import type { OpenLane } from "./client-lanes.js"
import type { CallRequest } from "./client-request.js"

/** An answer that is the server's. */
export type ProvenAnswer = { readonly response: RawAnswer } | { readonly error: ProvenError }

/** One way to make one call, once, on a lane. */
export type Protection = (
  channel: LoginChannel,
  open: OpenLane,
  request: CallRequest,
  signal?: AbortSignal,
) => Promise<ProvenAnswer>

/** What a handler may say inside of an answer; that a call was not acted on, the lane says itself. */
const saidInside: ReadonlySet<LoginErrorName> = new Set(["denied", "missing-scope", "unprotected"])

/** Nobody sees more than that there is a call, and about how long. spec/login.md §8.1 */
export const sealed: Protection = async (channel, { lane, serverKeys }, request, signal) => {
  const { body, fields, method, url } = request
  const { authority, scheme } = channel.endpoint
  const path = url.pathname + url.search
  const sent = sealCall(lane, { method, scheme, authority, path, fields, content: body })
  const answer = await channel.post(sent.bytes, signal)
  const opened = believed(() => openAnswer(sent, answer, serverKeys))
  if ("error" in opened) return opened
  const { content, fields: answered, status } = opened.response
  const response = { status, fields: answered, body: content }
  const error = errorOf(response)
  return error && saidInside.has(error.name) ? { error } : { response }
}

/** Everybody sees it, and nobody can change or repeat it. spec/login.md §7 */
export const signed: Protection = async (channel, { lane, serverKeys }, request, signal) => {
  const { body, fields, method, url } = request
  const { authority, scheme } = channel.endpoint
  const { pathname: path, search: query } = url
  const call: Call = { method, scheme, authority, path, query, fields, body }
  const key = { id: lane.id, key: lane.keys.requestSigningKey() }
  const { fields: added, proof } = signCall(call, key, lane.takeNumber())
  // What is compressed on the way is not what was signed.
  const headers: [string, string][] = [["accept-encoding", "identity"]]
  for (const [name, value] of [...fields, ...added]) headers.push([name, value])
  const content = body.length > 0 ? { body: body.slice() } : {}
  const answer = await channel.send(url.href, { method, headers, ...content }, signal)
  const keys = { lane: lane.keys.answerSigningKey(), server: serverKeys }
  return believed(() => {
    const head = verifyAnswer(answer, proof, keys)
    const error = errorOf(head)
    return error ? { error } : { response: { ...head, body: answer.body } }
  })
}

function errorOf(head: AnswerHead): ProvenError | null {
  const name = readErrorName(head)
  return name && { name, seconds: readErrorSeconds(head.fields) }
}
