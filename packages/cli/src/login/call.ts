import { readFile } from "node:fs/promises"
import { buffer } from "node:stream/consumers"
import { base64url, ChannelError, fromUtf8, UsageError, utf8 } from "stringphone/bytes"
import type { SessionStatus } from "stringphone/session/login"
import type { Context } from "../context.js"
import { visible } from "../terminal/escape.js"
import { patientFetch } from "./patient-fetch.js"
import { type ChosenSession, type SessionChoice, withSession } from "./sessions.js"

export interface CallOptions extends SessionChoice {
  readonly data?: string
  readonly dataFile?: string
  readonly header?: readonly string[]
  readonly signed?: true
  readonly wait: number
}

/** `login call`: the body goes to stdout, everything else to stderr; 1 when the status is 400 or more. */
export async function callApi(
  context: Context,
  method: string,
  target: string,
  options: CallOptions,
): Promise<void> {
  const { at, login, signed: isSigned = false, wait } = options
  assertTarget(method, target)
  const headers = (options.header ?? []).map(parseHeader)
  const body = await bodyOf(options)
  if (options.data !== undefined && !headers.some(([name]) => /^content-type$/i.test(name))) {
    headers.push(["content-type", typeOf(options.data)])
  }
  const where = at ?? (target.startsWith("/") ? undefined : target)
  const choice = {
    ...(where !== undefined && { at: where }),
    ...(login !== undefined && { login }),
  }
  const waitMs = wait * 1_000
  const make = async ({ session, status }: ChosenSession): Promise<void> => {
    const signal = AbortSignal.timeout(waitMs)
    const init = { method: method.toUpperCase(), headers, signal, ...(body && { body }) }
    const call = isSigned ? session.signedFetch : session.fetch
    const answer = await call(target, init).catch((error: unknown) => {
      throw signal.aborted ? tooLate(wait, error) : error
    })
    const bytes = new Uint8Array(await answer.arrayBuffer())
    if (context.json) context.print("", record(answer, bytes, status, isSigned))
    else await printBody(bytes)
    const how = isSigned ? "signed" : "sealed"
    if (!context.json) {
      process.stderr.write(
        `stringphone: HTTP ${answer.status}, ${how}, proven to be of ${visible(status.realm)}\n`,
      )
    }
    if (answer.status >= 400) process.exitCode = 1
  }
  await withSession(context, choice, make, patientFetch(waitMs))
}

/** @throws {UsageError} `bad-method`, `bad-url` */
function assertTarget(method: string, target: string): void {
  if (!/^[A-Za-z]{1,20}$/.test(method)) {
    throw new UsageError("bad-method", "The method comes first, as in: login call GET /lamps")
  }
  if (/^\/(?!\/)/.test(target) || /^https?:\/\//i.test(target)) return
  throw new UsageError(
    "bad-url",
    "A call needs an address such as http://lamp.local/lamps, or a path that begins with one slash.",
  )
}

async function bodyOf({ data, dataFile }: CallOptions): Promise<Uint8Array<ArrayBuffer> | null> {
  if (data !== undefined && dataFile !== undefined) {
    throw new UsageError("bad-data", "Give --data or --data-file, not both.")
  }
  if (data !== undefined) return utf8(data).slice()
  if (dataFile === undefined) return null
  if (dataFile === "-") return new Uint8Array(await buffer(process.stdin))
  const bytes = await readFile(dataFile).catch((cause: unknown) => {
    throw new UsageError("no-file", `The file ${dataFile} can not be read. Check the path.`, {
      cause,
    })
  })
  return new Uint8Array(bytes)
}

/** @throws {UsageError} `bad-header` */
function parseHeader(text: string): [name: string, value: string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n]*)$/.exec(text) ?? []
  if (name !== undefined && value !== undefined) return [name, value]
  throw new UsageError("bad-header", "A header field is as 'Accept: application/json'.")
}

/** What people type is JSON, or a text. */
function typeOf(data: string): string {
  try {
    const value: unknown = JSON.parse(data)
    if (typeof value === "object" && value !== null) return "application/json"
  } catch {
    // Not JSON.
  }
  return "text/plain;charset=utf-8"
}

function record(
  answer: Response,
  bytes: Uint8Array,
  { login, realm }: SessionStatus,
  isSigned: boolean,
): unknown {
  const text = fromUtf8(bytes)
  return {
    status: answer.status,
    protection: isSigned ? "signed" : "sealed",
    realm,
    login,
    headers: [...answer.headers],
    ...(text === null ? { bodyBase64url: base64url(bytes) } : { body: text }),
  }
}

/** To a pipe as it is; to a terminal nothing that could move its cursor. */
async function printBody(bytes: Uint8Array): Promise<void> {
  if (!process.stdout.isTTY) {
    await new Promise<void>((resolve) => process.stdout.write(bytes, () => resolve()))
    return
  }
  const text = fromUtf8(bytes)
  if (text === null) {
    process.stderr.write(`(${bytes.length} bytes that are no text; write them to a file with >)\n`)
    return
  }
  const lines = text.replace(/\r?\n$/, "").split(/\r?\n/)
  if (text !== "") process.stdout.write(`${lines.map((line) => visible(line)).join("\n")}\n`)
}

function tooLate(seconds: number, cause: unknown): ChannelError {
  return new ChannelError(
    "too-late",
    `There was no answer within ${seconds} s. Whether the call was acted on is not known; look before you try again.`,
    { cause },
  )
}
