import { ChannelError } from "../bytes/index.js"
import { type Callee, unreachable } from "./failure.js"

/**
 * Why a server did not let us in, or did not answer.
 * @param cause as the client tells it
 * @param failure of the socket, if it had one
 */
export function natsConnectFailure(callee: Callee, cause: unknown, failure: unknown): ChannelError {
  if (cause instanceof ChannelError) return cause
  const refused = (why: string): ChannelError =>
    new ChannelError("refused", `The NATS server at ${callee.where} ${why}`, { cause })
  switch (nameOf(cause)) {
    case "AuthorizationError":
      return refused(
        "does not accept who we are. Check the user and password, token or credentials.",
      )
    case "UserAuthenticationExpiredError":
      return refused("says that our credentials have expired. Ask who runs it for new ones.")
    default:
      return unreachable(callee, failure ?? cause)
  }
}

/** The server let us in, but not on this subject. */
export function natsSubscribeFailure(
  callee: Callee,
  subject: string,
  cause: unknown,
): ChannelError {
  return new ChannelError(
    "refused",
    `The NATS server at ${callee.where} does not let this user subscribe to ${subject}. Ask who runs it, or choose another subject.`,
    { cause },
  )
}

/** The server did not take one message. */
export function natsPublishFailure(callee: Callee, subject: string, cause: unknown): ChannelError {
  return new ChannelError(
    "send-failed",
    `The NATS server at ${callee.where} ${whyNotTaken(subject, cause)}`,
    { cause },
  )
}

function whyNotTaken(subject: string, cause: unknown): string {
  switch (nameOf(cause)) {
    case "PermissionViolationError":
      return `does not let this user send to ${subject}. Ask who runs it, or choose another subject.`
    case "JetStreamNotEnabled":
      return `has no stream that keeps ${subject}. Ask who runs it, or name another stream.`
    case "TimeoutError":
      return "did not say whether it keeps the message. Send it again."
    default:
      return "did not take the message. The cause says why."
  }
}

/** The stream, or our place in it, can not be had. */
export function natsStreamFailure(
  callee: Callee,
  stream: string,
  subject: string,
  cause: unknown,
): ChannelError {
  const refused = (why: string): ChannelError =>
    new ChannelError("refused", `The NATS server at ${callee.where} ${why}`, { cause })
  if (nameOf(cause) === "JetStreamNotEnabled" || hasNoResponders(cause)) {
    return refused("keeps no messages. Start it with JetStream (-js), or leave `jetstream` out.")
  }
  if (nameOf(cause) === "PermissionViolationError") {
    return refused(`does not let this user use the stream ${stream}. Ask who runs it.`)
  }
  if (codeOf(cause) === 10047) {
    return refused(
      `has no room for the stream ${stream}: a stream reserves all that it may keep. Let it keep less, or give the server more.`,
    )
  }
  if (/^(JetStreamApi|StreamNotFound|ConsumerNotFound)Error$/.test(nameOf(cause))) {
    return refused(
      `can not keep ${subject} in the stream ${stream} for us. Does that stream have this subject? The cause says more.`,
    )
  }
  return unreachable(callee, cause)
}

/** The client's classes are loaded lazily, so that their names have to do. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name || error.constructor.name : ""
}

/** The number that JetStream gives to what went wrong. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined
}

function hasNoResponders(error: unknown): boolean {
  return (
    nameOf(error) === "NoResponders" ||
    (error instanceof Error && nameOf(error.cause) === "NoResponders")
  )
}
