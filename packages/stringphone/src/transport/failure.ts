import { ChannelError } from "../bytes/index.js"

/** Who was called, in words, and where: `an MQTT broker`, `localhost:1883`. */
export interface Callee {
  readonly what: string
  readonly where: string
}

/** Why a connection did not come about, in a sentence that helps. */
export function unreachable({ what, where }: Callee, cause?: unknown): ChannelError {
  const code = platformCode(cause)
  if (/CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/.test(code)) {
    return new ChannelError(
      "untrusted-certificate",
      `The certificate of ${where} is not trusted (${code}). If it is your own, pass the certificate of its authority.`,
      { cause },
    )
  }
  const status = httpStatus(cause)
  const why =
    status === null
      ? `No ${what} ${unreachableBecause(code, where)}`
      : `${where} answers, but with HTTP status ${status} instead of a WebSocket. Check the path, or try again later.`
  return new ChannelError("unreachable", why, { cause })
}

/** @returns the status with which an HTTP server turned a WebSocket of `ws` away. */
function httpStatus(cause: unknown): string | null {
  const message = cause instanceof Error ? cause.message : ""
  return /^Unexpected server response: (\d+)$/.exec(message)?.[1] ?? null
}

function unreachableBecause(code: string, where: string): string {
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `was found at ${where}: its name is unknown. Check the spelling and your network.`
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return `could be reached at ${where}. Check the address, your network and firewalls between.`
    default:
      return `answers at ${where}. Is it running?`
  }
}

/** An open connection is no more. */
export function connectionLost({ where }: Callee, cause?: unknown): ChannelError {
  const options = cause === undefined ? {} : { cause }
  return new ChannelError("connection-lost", `The connection to ${where} was lost.`, options)
}

/** Why a server could not start. */
export function cannotListen(where: string, cause: unknown): ChannelError {
  switch (platformCode(cause)) {
    case "EADDRINUSE":
      return new ChannelError(
        "address-in-use",
        `Something else already listens at ${where}. Stop it or choose another port.`,
        { cause },
      )
    case "EACCES":
      return new ChannelError(
        "not-permitted",
        `This user may not listen at ${where}. Choose a port above 1023.`,
        { cause },
      )
    default:
      return new ChannelError("cannot-listen", `Listening at ${where} failed.`, { cause })
  }
}

/** @returns the platform's word for an error, as `ECONNREFUSED`, or nothing. */
function platformCode(error: unknown): string {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined
  return typeof code === "string" ? code : ""
}
