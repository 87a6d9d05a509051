import { UsageError } from "../../bytes/index.js"

/** What a server keeps, and how long. */
export interface ClassicServerLimits {
  /** Without it 60,000: a minute. */
  readonly challengeLifeMs: number
  /** Without it 4,096. */
  readonly maxChallenges: number
  /** Who asks so often in a user's name pushes out the user's own. Without it 16. */
  readonly maxChallengesPerLogin: number
  /** Without it 43,200,000: twelve hours. */
  readonly tokenLifeMs: number
  /** Devices of one user. Without it 64. */
  readonly maxTokensPerLogin: number
}

const defaultLimits: ClassicServerLimits = {
  challengeLifeMs: 60_000,
  maxChallenges: 4096,
  maxChallengesPerLogin: 16,
  tokenLifeMs: 12 * 3_600_000,
  maxTokensPerLogin: 64,
}

/** @throws {UsageError} `bad-limits` */
export function limitsFrom(wanted: Partial<ClassicServerLimits> = {}): ClassicServerLimits {
  const limits = { ...defaultLimits, ...wanted }
  if (Object.values(limits).every((one) => Number.isSafeInteger(one) && one >= 1)) return limits
  throw new UsageError("bad-limits", "Limits of the server are whole numbers, at least 1.")
}
