import { UsageError } from "../../bytes/index.js"
import type { StretchCost } from "../../crypto/index.js"

export const maxPasses = 16
export const minMemoryKib = 8
export const maxMemoryKib = 4_194_304

/** 64 MiB, three times: what a phone does in a second or two. */
export const defaultCost: StretchCost = { passes: 3, memoryKib: 65_536 }

/** @throws {UsageError} `bad-cost` */
export function requireCost({ passes, memoryKib }: StretchCost): StretchCost {
  const isRight =
    isBetween(passes, 1, maxPasses) && isBetween(memoryKib, minMemoryKib, maxMemoryKib)
  if (isRight) return { passes, memoryKib } // [YAAS-2-3]
  throw new UsageError(
    "bad-cost",
    `Cost is 1 to ${maxPasses} passes over ${minMemoryKib} to ${maxMemoryKib} KiB, whole numbers.`,
  )
}

export function isBetween(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most
}
