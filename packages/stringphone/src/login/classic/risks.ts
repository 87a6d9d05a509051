import { UsageError } from "../../bytes/index.js"

/** Every way in takes this, so that nobody uses classic login without having seen what it is. */
export interface AcceptedRisks {
  /**
   * Who listens, or answers in the server's place, can test guesses of the password, and who steals a
   * record can log in with it: spec/login-classic.md §7.
   */
  readonly acceptRisks: "classic-login"
}

/** @throws {UsageError} `classic-not-enabled` */
export function requireAccepted({ acceptRisks }: { readonly acceptRisks?: string }): void {
  if (acceptRisks === "classic-login") return
  throw new UsageError(
    "classic-not-enabled",
    'Classic login is off. Read spec/login-classic.md §7, then pass acceptRisks: "classic-login".',
  )
}
