import { PeerError, UsageError } from "../bytes/index.js"

/** What one guess of a password costs: Argon2id (RFC 9106). */
export interface Price {
  readonly passes: number
  readonly kib: number
  readonly lanes: number
}

/** RFC 9106 §4, second choice. [LOGIN-2-3] */
export const defaultPrice: Price = { passes: 3, kib: 65_536, lanes: 4 }
export const minimumPrice: Price = { passes: 3, kib: 65_536, lanes: 1 }
export const maximumPrice: Price = { passes: 16, kib: 2_097_152, lanes: 16 }

/** What a client takes. */
export interface PriceBounds {
  /** Tests may set another one. */
  readonly minimum?: Price | undefined
  /** What this client paid last time. */
  readonly floor?: Price | undefined
}

/**
 * More lanes make it no cheaper: passes and memory count.
 * @throws {PeerError} `weak-price`, `price-too-high`
 */
export function takePrice(price: Price, { floor, minimum = minimumPrice }: PriceBounds): Price {
  if (!isPrice(price)) throw malformedPrice()
  const isWeak = [minimum, floor ?? minimum].some(
    (least) => price.passes < least.passes || price.kib < least.kib,
  )
  if (isWeak) {
    throw new PeerError(
      "weak-price",
      "The server makes guessing of the password cheaper than was agreed. Nothing was sent; ask its owner.",
    ) // [LOGIN-2-3]
  }
  const isHigh =
    price.passes > maximumPrice.passes ||
    price.kib > maximumPrice.kib ||
    price.lanes > maximumPrice.lanes
  if (isHigh) {
    throw new PeerError(
      "price-too-high",
      "The server asks for more work than 16 passes over 2 GiB in 16 lanes. Nothing was sent.",
    )
  }
  return price
}

/**
 * What a server asks for.
 * @throws {UsageError} `bad-price`
 */
export function checkOwnPrice(price: Price, minimum: Price = minimumPrice): Price {
  try {
    return takePrice(price, { minimum })
  } catch (cause) {
    throw new UsageError(
      "bad-price",
      "Set a price from 3 passes over 64 MiB to 16 passes over 2 GiB, in 1 to 16 lanes.",
      { cause },
    )
  }
}

export function samePrice(a: Price, b: Price): boolean {
  return a.passes === b.passes && a.kib === b.kib && a.lanes === b.lanes
}

/** What Argon2id can do at all: 8 KiB for each lane. */
function isPrice({ passes, kib, lanes }: Price): boolean {
  const areWhole = [passes, kib, lanes].every((one) => Number.isSafeInteger(one) && one >= 1)
  return areWhole && kib >= 8 * lanes
}

function malformedPrice(): PeerError {
  return new PeerError("malformed", "Malformed message of a login: its price is none of Argon2id.")
}
