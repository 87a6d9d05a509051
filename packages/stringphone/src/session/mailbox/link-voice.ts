import { encodeFrame, encodeHello, type FrameKind } from "../../mailbox/hub/index.js"
import type { Transport } from "../../transport/index.js"
import type { LinkPeer } from "./link-peers.js"

/** Frames on their way out, under our number. */
export class LinkVoice {
  readonly number: Uint8Array
  readonly #transport: Transport
  readonly #maxFrameBytes: number

  constructor(transport: Transport, number: Uint8Array, maxFrameBytes: number) {
    this.number = number
    this.#transport = transport
    this.#maxFrameBytes = maxFrameBytes
  }

  /** The largest frame that goes over this channel, either way. */
  get maxFrameBytes(): number {
    return Math.min(this.#maxFrameBytes, this.#transport.capabilities.maxMessageBytes)
  }

  /** @param channelName who that is where the channel names its peers; `null`: to everybody there */
  async send(
    kind: FrameKind,
    body: Uint8Array,
    to: Uint8Array,
    channelName: string | null = null,
  ): Promise<void> {
    const frame = encodeFrame({ kind, from: this.number, to, body })
    await this.#transport.send(frame, channelName === null ? {} : { to: channelName })
  }

  sendTo({ from, number }: LinkPeer, kind: FrameKind, body: Uint8Array): Promise<void> {
    return this.send(kind, body, number, from)
  }

  sayHello(to: Uint8Array, channelName: string | null = null): Promise<void> {
    const body = encodeHello({ maxFrameBytes: this.maxFrameBytes })
    return this.send("hello", body, to, channelName)
  }
}
