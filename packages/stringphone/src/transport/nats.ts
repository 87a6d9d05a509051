import type { Callee } from "./failure.js"
import type { Inbox } from "./inbox.js"
import { type Connection, connectLink } from "./link.js"
import { missingPeer } from "./missing-peer.js"
import { type NatsCore, openNatsLine } from "./nats-line.js"
import { type NatsOptions, checkStream, checkSubject, parseNatsUrl } from "./nats-options.js"
import { NatsPlace } from "./nats-place.js"
import { type JetStream, talkOnStream } from "./nats-stream.js"
import { talkOnSubject } from "./nats-subject.js"
import type { Transport } from "./port.js"

export type { NatsOptions, NatsStreamOptions } from "./nats-options.js"

/** What our header costs; the server counts it with the message. */
const headerBytes = 128

/**
 * Connects to one subject of a NATS server, and reconnects when the connection is lost. Needs the
 * package `@nats-io/nats-core`; with `jetstream` also `@nats-io/jetstream`; for `ws://` URLs in
 * Node also `ws`.
 *
 * `send` resolves when the server has the message; with `jetstream`, when the stream keeps it. What
 * the server had not confirmed when the connection broke is sent again: without `jetstream` it may
 * arrive twice, and what others send while we are away is missed.
 *
 * With `jetstream`, a message counts as received when the reader asks for the next one: a program
 * that breaks down or stops before that receives it again some seconds after its return, perhaps
 * behind what is newer. A slow reader makes the stream wait; without `jetstream` a full inbox drops
 * the oldest. What is sent with `retain` goes to `<subject>.retained.<slot>`; unless a stream has
 * these subjects, one named `<stream>-retained` is made.
 *
 * @throws {UsageError} `bad-url`, `bad-subject`, `bad-stream`, `missing-peer`
 * @throws {ChannelError} `unreachable`, `refused`, `untrusted-certificate`, `aborted`
 * @example
 * const transport = await connectNats({
 *   url: "nats://localhost",
 *   subject: "garden",
 *   jetstream: { stream: "garden", durable: "ada-phone" },
 * })
 * await transport.send(bytes)
 */
export async function connectNats(options: NatsOptions): Promise<Transport> {
  const { jetstream, subject, maxMessageBytes = 1024 * 1024 } = options
  checkSubject(subject)
  if (jetstream) checkStream(jetstream)
  const url = parseNatsUrl(options.url, subject)
  const core = await loadCore()
  const streams = jetstream && (await loadJetStream())
  const callee: Callee = { what: "NATS server", where: url.where }
  const place = jetstream && new NatsPlace(jetstream)
  let maxPayloadBytes = Infinity
  let retained = false

  return connectLink(
    {
      address: url.address,
      capabilities: () => ({
        maxMessageBytes: Math.min(maxMessageBytes, maxPayloadBytes),
        ordered: true,
        addressed: false,
        presence: false,
        echo: false,
        retained,
      }),
      pausable: jetstream !== undefined,
      async dial(inbox: Inbox, signal): Promise<Connection> {
        const line = await openNatsLine(core, url, options, callee, signal)
        const giveUp = (): void => void line.nc.close()
        signal.addEventListener("abort", giveUp)
        try {
          const channel = { callee, subject, maxMessageBytes, inbox }
          maxPayloadBytes = line.nc.info?.max_payload ?? Infinity
          if (!streams || !place) return await talkOnSubject(line, channel)
          const talk = await talkOnStream(line, channel, streams, place)
          maxPayloadBytes = Math.min(maxPayloadBytes, talk.maxStoredBytes) - headerBytes
          retained = talk.retained
          return talk
        } catch (error) {
          await line.close()
          throw error
        } finally {
          signal.removeEventListener("abort", giveUp)
        }
      },
    },
    options,
    options.waitForServer ?? false,
  )
}

function loadCore(): Promise<NatsCore> {
  return import("@nats-io/nats-core").catch((cause: unknown) => {
    throw missingPeer("@nats-io/nats-core", cause)
  })
}

function loadJetStream(): Promise<JetStream> {
  return import("@nats-io/jetstream").catch((cause: unknown) => {
    throw missingPeer("@nats-io/jetstream", cause)
  })
}
