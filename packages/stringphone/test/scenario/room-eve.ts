import type { IncomingMessage, Transport } from "../../src/transport/index.js"
import type { MemoryNetwork } from "../../src/transport/memory.js"

/** Whoever runs the channel: sees all that is for all, and says again what it wants. */
export class Eve {
  readonly heard: { readonly bytes: Uint8Array; readonly from: string | null }[] = []
  readonly #transport: Transport

  constructor(network: MemoryNetwork, name = "eve") {
    this.#transport = network.connect(name)
    void this.#listen()
  }

  /** What was sent with this first byte, the oldest first. */
  packets(type: string): readonly Uint8Array[] {
    return this.heard.map(({ bytes }) => bytes).filter((bytes) => bytes[0] === type.charCodeAt(0))
  }

  async say(bytes: Uint8Array): Promise<void> {
    await this.#transport.send(bytes)
  }

  async #listen(): Promise<void> {
    for await (const { bytes, from } of this.#transport.messages) {
      this.heard.push({ bytes: bytes.slice(), from })
    }
  }
}

/** A channel that does not give everything to the one behind it. */
export function withheld(
  transport: Transport,
  isWithheld: (bytes: Uint8Array) => boolean,
): Transport {
  return new Proxy(transport, {
    get(target, property) {
      if (property === "messages") return filtered(target.messages, isWithheld)
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === "function" ? (value.bind(target) as unknown) : value
    },
  })
}

async function* filtered(
  messages: AsyncIterable<IncomingMessage>,
  isWithheld: (bytes: Uint8Array) => boolean,
): AsyncGenerator<IncomingMessage> {
  for await (const message of messages) if (!isWithheld(message.bytes)) yield message
}
