/**
 * The three families of errors. `code` is for programs, `message` is for people and says what to
 * do next; a command line may print it as it is.
 */
abstract class CodedError extends Error {
  /** Literal, stable, kebab-case. */
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** What came in is malformed, forged, replayed, stale or from a stranger. */
export class PeerError extends CodedError {
  override readonly name: string = "PeerError"
}

/** The caller's mistake: a wrong argument, a wrong order of calls, a missing key. */
export class UsageError extends CodedError {
  override readonly name: string = "UsageError"
}

/** The network or the disk failed; `cause` keeps the platform's own error. */
export class ChannelError extends CodedError {
  override readonly name: string = "ChannelError"
}

/** Any error this library throws on purpose. */
export type StringphoneError = PeerError | UsageError | ChannelError
