import { ChannelError, u32 } from "../bytes/index.js"

const headerBytes = 4

/**
 * Puts a message into a byte stream.
 *
 *   0                4                4 + length
 *   +----------------+----------------+
 *   | length         | message        |
 *   | u32 BE         | length bytes   |
 *   +----------------+----------------+
 *
 * @returns header and message, to be written one after the other: large messages are not copied
 */
export function encodeFrame(message: Uint8Array): readonly [Uint8Array, Uint8Array] {
  return [u32(message.length), message]
}

/**
 * Takes messages out of a byte stream, however it was cut. What is left over when the stream ends
 * is half a frame, and forgotten.
 */
export class FrameDecoder {
  readonly #maxMessageBytes: number
  readonly #header = new Uint8Array(headerBytes)
  #headerLength = 0
  #message: Uint8Array | null = null
  #messageLength = 0

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes
  }

  /**
   * Yields the messages that these bytes complete, each in bytes of its own.
   * @throws {ChannelError} `frame-too-large`; the stream can not be followed any further
   */
  *feed(bytes: Uint8Array): Generator<Uint8Array, void> {
    let rest = bytes
    while (rest.length > 0) {
      if (!this.#message) {
        const part = rest.subarray(0, headerBytes - this.#headerLength)
        this.#header.set(part, this.#headerLength)
        this.#headerLength += part.length
        rest = rest.subarray(part.length)
        if (this.#headerLength < headerBytes) return
        this.#message = this.#allocate()
      }
      const part = rest.subarray(0, this.#message.length - this.#messageLength)
      this.#message.set(part, this.#messageLength)
      this.#messageLength += part.length
      rest = rest.subarray(part.length)
      if (this.#messageLength < this.#message.length) return
      const message = this.#message
      this.#headerLength = 0
      this.#message = null
      this.#messageLength = 0
      yield message
    }
  }

  #allocate(): Uint8Array {
    const length = new DataView(this.#header.buffer).getUint32(0)
    if (length > this.#maxMessageBytes) {
      throw new ChannelError(
        "frame-too-large",
        `The peer announced a message of ${length} bytes, but at most ${this.#maxMessageBytes} are allowed. ` +
          "Is something else speaking on this port, or does the peer allow larger messages?",
      )
    }
    return new Uint8Array(length)
  }
}
