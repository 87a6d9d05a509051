import { CommanderError } from "commander"
import { ChannelError, PeerError, UsageError } from "stringphone/bytes"
import { visible } from "./terminal/escape.js"

/** 0 is success. */
export type ExitCode = 0 | 1 | 2

export const failed = 1
export const wrongUsage = 2

/**
 * Prints what went wrong in one sentence, on stderr.
 * @returns the exit code: 2 for a wrong command line, 1 for everything else that failed
 */
export function reportFailure(error: unknown, debug: boolean): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : wrongUsage
  const known =
    error instanceof UsageError || error instanceof PeerError || error instanceof ChannelError
  const message = error instanceof Error ? error.message : String(error)
  if (known) process.stderr.write(`stringphone: ${visible(message)}\n`)
  else {
    const hint = debug ? "" : " (--debug shows where.)"
    process.stderr.write(`stringphone: Unexpected: ${visible(message)}${hint}\n`)
  }
  if (debug && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`)
  const isWrongUsage = error instanceof UsageError && /^(bad-|secret-in-url$)/.test(error.code)
  return isWrongUsage ? wrongUsage : failed
}
