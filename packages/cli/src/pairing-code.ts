import { decodePairingCode, type PairingRole } from "stringphone"
import { UsageError } from "stringphone/bytes"
import { type ChannelAddress, parseChannelAddress } from "./channel-address.js"

/**
 * A code that the other side shows.
 * @throws {UsageError} `bad-pairing-code`: it is none, or one of the wrong side
 */
export function checkPairingCode(text: string, shownBy: PairingRole): string {
  if (decodePairingCode(text).role === shownBy) return text
  throw new UsageError(
    "bad-pairing-code",
    shownBy === "host"
      ? 'This code is shown by a device that wants to join, too. Take the one that "topic pair" shows.'
      : "This code is shown by a device that is in a topic. Use it there where you want to join.",
  )
}

/** Where the code says to meet; empty when it does not say. @throws {UsageError} `bad-address` */
export function addressesOf(code: string): readonly ChannelAddress[] {
  const { address } = decodePairingCode(code)
  return address.split(" ").filter(Boolean).map(parseChannelAddress)
}
