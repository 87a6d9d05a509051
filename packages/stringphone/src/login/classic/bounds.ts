import { PeerError, UsageError } from "../../bytes/index.js"
import { isBetween, maxPasses, minMemoryKib, maxMemoryKib } from "./cost.js"
import { maxSteps, recordSteps } from "./kdf.js"
import type { LoginChallenge } from "./wire/challenge.js"

/**
 * What a client takes from a server. Who answers in the server's place chooses freely within, so the
 * least are what a guess of the password costs, and the most are how long a stranger can keep the
 * device at work. Set the least to what the server really has.
 */
export interface ClassicBounds {
  /** M; without it 1,001. */
  readonly minSteps: number
  /** Without it 1,048,576. */
  readonly maxSteps: number
  /** Passes of Argon2id; without it 1. */
  readonly minPasses: number
  /** Without it 16. */
  readonly maxPasses: number
  /** Without it 8,192: 8 MiB. */
  readonly minMemoryKib: number
  /** Without it 1,048,576: 1 GiB. */
  readonly maxMemoryKib: number
}

const defaultBounds: ClassicBounds = {
  minSteps: recordSteps + 1,
  maxSteps,
  minPasses: 1,
  maxPasses,
  minMemoryKib: 8192,
  maxMemoryKib: 1_048_576,
}

/** @throws {UsageError} `bad-limits` */
export function boundsFrom(wanted: Partial<ClassicBounds> = {}): ClassicBounds {
  const bounds = { ...defaultBounds, ...wanted }
  const isRight =
    isBetween(bounds.minSteps, 2, bounds.maxSteps) &&
    isBetween(bounds.maxSteps, 2, maxSteps) &&
    isBetween(bounds.minPasses, 1, bounds.maxPasses) &&
    isBetween(bounds.maxPasses, 1, maxPasses) &&
    isBetween(bounds.minMemoryKib, minMemoryKib, bounds.maxMemoryKib) &&
    isBetween(bounds.maxMemoryKib, minMemoryKib, maxMemoryKib)
  if (isRight) return bounds
  throw new UsageError(
    "bad-limits",
    "A bound of the client is no number that a challenge can have.",
  )
}

/** @throws {PeerError} `weak-challenge`, `costly-challenge` */
export function requireWithin({ steps, cost }: LoginChallenge, bounds: ClassicBounds): void {
  const isWeak =
    steps < bounds.minSteps ||
    cost.passes < bounds.minPasses ||
    cost.memoryKib < bounds.minMemoryKib
  if (isWeak) {
    throw new PeerError(
      "weak-challenge",
      "The server wants less work than this client demands, which makes guesses of the password cheap. Somebody may answer in its place.",
    ) // [YAAS-4-2]
  }
  const isCostly =
    steps > bounds.maxSteps ||
    cost.passes > bounds.maxPasses ||
    cost.memoryKib > bounds.maxMemoryKib
  if (isCostly) {
    throw new PeerError(
      "costly-challenge",
      "The server wants more work than this client does. Somebody may answer in its place.",
    )
  }
}
