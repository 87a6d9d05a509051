import type { Transport } from "stringphone/transport"

/** Is told what passes; it changes nothing. */
export interface TapListener {
  sent(bytes: Uint8Array): void
  received(bytes: Uint8Array): void
}

/** The same channel, with somebody listening in. */
export function tap(transport: Transport, listener: TapListener): Transport {
  return {
    get address() {
      return transport.address
    },
    get capabilities() {
      return transport.capabilities
    },
    get status() {
      return transport.status
    },
    messages: listenIn(transport, listener),
    send(bytes, options) {
      listener.sent(bytes)
      return transport.send(bytes, options)
    },
    onEvent: (heard) => transport.onEvent(heard),
    close: () => transport.close(),
  }
}

async function* listenIn({ messages }: Transport, listener: TapListener) {
  for await (const message of messages) {
    listener.received(message.bytes)
    yield message
  }
}
