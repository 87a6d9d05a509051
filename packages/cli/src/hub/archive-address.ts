import { UsageError } from "stringphone/bytes"

/** A PostgreSQL database that keeps the envelopes instead of the folder. */
export interface ArchiveAddress {
  /** May hold a login: do not print it. */
  readonly url: string
  readonly schema: string
}

export const defaultSchema = "stringphone"

/** @throws {UsageError} `bad-address`, without a word of what was in it */
export function parseArchive(text: string): string {
  const url = URL.canParse(text) && !/[\s\p{C}]/u.test(text) ? new URL(text) : null
  if (url && /^postgres(ql)?:$/.test(url.protocol) && /^\/[^/]+$/.test(url.pathname) && !url.hash) {
    return text
  }
  throw new UsageError(
    "bad-address",
    "An archive's address is like postgresql://user@server:5432/database.",
  )
}

/** @throws {UsageError} `bad-schema` */
export function parseSchema(text: string): string {
  if (/^[a-z_][a-z0-9_]{0,62}$/.test(text) && !text.startsWith("pg_")) return text
  throw new UsageError(
    "bad-schema",
    "A schema has a name of 1 to 63 of a-z, 0-9 and _; it begins with no digit and not with pg_.",
  )
}

/** A password stands in it, also as one of the settings behind the `?`. */
export function hasArchivePassword(text: string): boolean {
  const { password, searchParams } = new URL(text)
  return password !== "" || [...searchParams.keys()].some((name) => /pass/i.test(name))
}

/** For people and logs: no login. */
export function archiveText({ schema, url }: ArchiveAddress): string {
  const { host, pathname } = new URL(url)
  return `postgresql://${host}${pathname}, schema ${schema}`
}
