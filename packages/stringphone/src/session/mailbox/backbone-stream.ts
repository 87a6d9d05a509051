import { hex } from "../../bytes/index.js"
import { decodeParcel } from "../../mailbox/hub/index.js"
import { dayMs, envelopeId, maxDaysAhead } from "../../mailbox/index.js"

/** A channel for a backbone takes messages of so many bytes: the largest envelope, and its stamp. */
export const backboneMessageBytes: number = 1024 * 1024 + 8

export interface BackboneStreamOptions {
  /** The name of the stream; made when there is none. */
  readonly stream: string
  /** Our name in it, another one for each hub: the server keeps how far it has read. */
  readonly hubName: string
  /** How much a stream that we make keeps; the oldest make room. Default 16 GiB. */
  readonly maxBytes?: number
}

/** The option `jetstream` of `connectNats`. */
export interface BackboneStream {
  readonly stream: string
  readonly durable: string
  readonly replay: number
  readonly maxAgeMs: number
  readonly maxBytes: number
  readonly duplicatesMs: number
  readonly messageId: (parcel: Uint8Array) => string
}

/**
 * How a stream of JetStream has to be to serve as a backbone: it keeps an envelope for as long as one
 * can live, and keeps it once, whoever brings it; a hub that comes for the first time gets them all.
 */
export function backboneStream(options: BackboneStreamOptions): BackboneStream {
  const { hubName, maxBytes = 16 * 1024 ** 3, stream } = options
  return {
    stream,
    durable: hubName,
    replay: Number.MAX_SAFE_INTEGER,
    maxAgeMs: maxDaysAhead * dayMs,
    maxBytes,
    duplicatesMs: maxDaysAhead * dayMs,
    messageId: (parcel) => hex(envelopeId(decodeParcel(parcel).envelope)),
  }
}
