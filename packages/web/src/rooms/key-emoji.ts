import { fromHex } from "stringphone/bytes"
import { fingerprint } from "stringphone/identity"
import { type ComparedEmoji, emojiList } from "stringphone/topic/pairing"

/**
 * 90 bits of a fingerprint: nobody finds another key with the same. Pairing needs only seven, because
 * there nobody can try many times.
 */
const emojiCount = 15

/** A key as emoji; the terminal's `/verify` shows the same. */
export function keyEmoji(publicKey: Uint8Array): readonly ComparedEmoji[] {
  const digest = fromHex(fingerprint(publicKey).hex.replaceAll(" ", ""))
  const bits = [...digest].map((byte) => byte.toString(2).padStart(8, "0")).join("")
  const places = Array.from({ length: emojiCount }, (_, i) =>
    Number.parseInt(bits.slice(6 * i, 6 * i + 6), 2),
  )
  return places.flatMap((place) => emojiList[place] ?? [])
}
