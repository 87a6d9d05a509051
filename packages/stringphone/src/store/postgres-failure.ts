import { ChannelError, UsageError } from "../bytes/index.js"
import type { PostgresPlace } from "./postgres-place.js"

/** The error to throw for anything that went wrong with the server; ours pass as they are. */
export function postgresFailure(cause: unknown, place: PostgresPlace): ChannelError | UsageError {
  if (cause instanceof ChannelError || cause instanceof UsageError) return cause
  const { name, contents } = place
  const failure = (code: string, message: string): ChannelError =>
    new ChannelError(code, message, { cause })
  // The table "PostgreSQL Error Codes" of its manual.
  switch (codeOf(cause)) {
    case "53100":
      return failure(
        "store-full",
        `The PostgreSQL server of ${name} has no room on its disk. Nothing was changed; free some space and try again.`,
      )
    case "55P03":
      return failure(
        "store-locked",
        `Another process has kept the ${contents} in ${name} to itself for too long. Try again; if it stays so, look for it in pg_stat_activity.`,
      )
    case "28000":
    case "28P01":
      return failure(
        "store-failed",
        `The PostgreSQL server of ${name} does not let us in. Check the user and the password in the URL, and its pg_hba.conf.`,
      )
    case "3D000":
      return failure(
        "store-failed",
        `There is no database ${name}. Make it with createdb, or correct the URL.`,
      )
    case "42501":
      return failure(
        "store-failed",
        `The user of ${name} may not use the schema ${place.schema}. Make this user its owner.`,
      )
    case "42P01":
    case "42P07":
    case "42703":
    case "42P16":
      return foreignTables(place, cause)
    default:
      return failure(
        "store-failed",
        `The ${contents} in ${name} can not be used: ${reasonOf(cause)}. Check that PostgreSQL runs and can be reached.`,
      )
  }
}

/** Did somebody get in the way, so that the same may well succeed now? */
export function isTransient(error: unknown): boolean {
  const code = codeOf(error instanceof ChannelError ? error.cause : error)
  return code === "40001" || code === "40P01"
}

export function foreignTables({ name, schema }: PostgresPlace, cause?: unknown): ChannelError {
  return new ChannelError(
    "store-corrupt",
    `The tables of schema ${schema} in ${name} are damaged, or not of Stringphone, and were left as they are. Name another schema.`,
    { cause },
  )
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : ""
}

// The error of several addresses that all failed has no message of its own.
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.replace(/\.$/, "") || codeOf(error) || "no reason was given"
}
