import { hex, utf8 } from "stringphone/bytes"
import type { IncomingMessage, Transport } from "stringphone/transport"
import { expect, it } from "vitest"
import { tap } from "../src/lib/tap.ts"

function channelOf(...texts: readonly string[]): Transport & { readonly sent: Uint8Array[] } {
  const sent: Uint8Array[] = []
  async function* messages(): AsyncGenerator<IncomingMessage> {
    for (const text of texts) yield { bytes: utf8(text), from: null }
  }
  return {
    sent,
    address: "test",
    capabilities: {
      maxMessageBytes: 1_000,
      ordered: true,
      addressed: false,
      presence: false,
      echo: false,
    },
    status: "open",
    messages: messages(),
    send: async (bytes) => void sent.push(bytes),
    onEvent: () => () => {},
    close: async () => {},
  }
}

it("tells of everything that passes, and passes it on", async () => {
  const log: string[] = []
  const channel = channelOf("one", "two")
  const tapped = tap(channel, {
    sent: (bytes) => log.push(`sent ${bytes.length}`),
    received: (bytes) => log.push(`received ${bytes.length}`),
  })
  for await (const { bytes } of tapped.messages) log.push(`read ${bytes.length}`)
  await tapped.send(utf8("out"))
  expect(log).toEqual(["received 3", "read 3", "received 3", "read 3", "sent 3"])
  expect(channel.sent.map(hex)).toEqual([hex(utf8("out"))])
  expect([tapped.address, tapped.status]).toEqual(["test", "open"])
})
