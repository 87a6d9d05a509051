import { PeerError } from "../bytes/index.js"
import { type Binding, openData } from "./data-message.js"
import type { Epoch, Sender } from "./epoch.js"
import { checkFreshness, type FreshnessOptions } from "./freshness.js"
import { unpad } from "./padding.js"
import { findKey, type FoundKey } from "./receiving-keys.js"
import { decodeBundle, decodeTimed } from "./wire/content.js"
import { type Control, decodeControl } from "./wire/control.js"
import type { DataHeader, DataType, DecodedData } from "./wire/data.js"

const maxFalseJumps = 16

/** What a data message says. */
export type ReadContent =
  | { readonly kind: "message"; readonly payload: Uint8Array; readonly sentMs: number | null }
  | { readonly kind: "bundle"; readonly payloads: readonly Uint8Array[] }
  | { readonly kind: "control"; readonly control: Control }

/** A message that proved genuine; nothing has changed by it yet. */
export interface Opened {
  readonly header: DataHeader
  readonly found: FoundKey
  readonly content: ReadContent
}

/**
 * Opens a data message of this sender, spec/topic.md §3. All that can change by it is how many false
 * jumps the sender's tag was used for.
 *
 * @throws {PeerError} `malformed`, `replayed`, `too-far-ahead`, `not-authentic`, `bad-signature`,
 *   `stale`, `from-the-future`, `not-timed`
 */
export function openMessage(
  bytes: Uint8Array,
  decoded: DecodedData,
  epoch: Epoch,
  sender: Sender,
  binding: Binding,
  freshness: FreshnessOptions,
): Opened {
  const { header } = decoded
  const found = findKey(sender.chain, header.counter)
  if (found.farAhead && sender.falseJumps >= maxFalseJumps) {
    throw new PeerError("too-far-ahead", "A message number is too far ahead to be believed.")
  }
  const content = openCounted(bytes, decoded, sender, binding, found)
  const unpadded = epoch.body.isPadded ? unpad(content) : content // [TOPIC-3-6]
  return { header, found, content: read(header.type, unpadded, freshness) }
}

/** It counts: its key is gone. [TOPIC-3-5] */
export function accept(sender: Sender, { found, header }: Opened, nowMs: number): void {
  sender.falseJumps = 0
  sender.chain = found.accepted(nowMs)
  if (!found.late) sender.guard = header.guard.slice()
}

function openCounted(
  bytes: Uint8Array,
  decoded: DecodedData,
  sender: Sender,
  binding: Binding,
  { farAhead, key }: FoundKey,
): Uint8Array {
  try {
    return openData(bytes, binding, key, sender.publicKey, decoded)
  } catch (error) {
    if (farAhead) sender.falseJumps = Math.min(255, sender.falseJumps + 1) // [TOPIC-2-6]
    throw error
  }
}

function read(type: DataType, content: Uint8Array, freshness: FreshnessOptions): ReadContent {
  switch (type) {
    case "control":
      return { kind: "control", control: decodeControl(content) }
    case "bundle":
      checkFreshness(null, freshness)
      return { kind: "bundle", payloads: decodeBundle(content) }
    case "message":
      checkFreshness(null, freshness)
      return { kind: "message", payload: content, sentMs: null }
    case "timed": {
      const timed = decodeTimed(content)
      checkFreshness(timed, freshness)
      return { kind: "message", payload: timed.payload, sentMs: timed.sentMs }
    }
  }
}
