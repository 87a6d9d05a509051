import { UsageError } from "../bytes/index.js"

/** Where something is; only `contents` and `name` are for people. */
export interface PostgresPlace {
  readonly url: string
  /** In double quotes, as SQL wants a name that may be one of its words. */
  readonly schema: string
  /** As in `localhost:5432/mail`; without user, password and parameters. */
  readonly name: string
  /** What is there, in the plural. */
  readonly contents: string
}

/** @throws {UsageError} `bad-url`, `bad-schema`, without a word of what was in the URL */
export function postgresPlace(url: string, schema: string, contents: string): PostgresPlace {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed?.protocol !== "postgres:" && parsed?.protocol !== "postgresql:") {
    throw new UsageError(
      "bad-url",
      "Expected a URL like postgres://user:password@localhost:5432/database. " +
        "In a password, write what is no letter or digit as %XX.",
    )
  }
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema) || schema.startsWith("pg_")) {
    throw new UsageError(
      "bad-schema",
      "A schema has a name of 1 to 63 of a–z, 0–9 and _; it begins with no digit and not with pg_.",
    )
  }
  return { url, schema: `"${schema}"`, name: `${parsed.host}${parsed.pathname}`, contents }
}
