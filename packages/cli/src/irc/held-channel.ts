import type { TextChannel } from "stringphone/transport"

/** A channel for a session that must not leave it: whoever closes this is merely not told more. */
export function heldChannel(channel: TextChannel): TextChannel {
  const stops = new Set<() => void>()
  return {
    get address() {
      return channel.address
    },
    get status() {
      return channel.status
    },
    get ownName() {
      return channel.ownName
    },
    get names() {
      return channel.names
    },
    maxLineBytes: (to) => channel.maxLineBytes(to),
    send: (text, options) => channel.send(text, options),
    onEvent(listener) {
      const stop = channel.onEvent(listener)
      stops.add(stop)
      return () => {
        stops.delete(stop)
        stop()
      }
    },
    async close() {
      for (const stop of stops) stop()
      stops.clear()
    },
  }
}
