import { hex } from "stringphone/bytes"
import type { MailHub } from "stringphone/session/mailbox/hub"
import type { EnvelopeStore } from "./open-hub.js"

/**
 * Of a hub's envelopes those that others may see by now: a folder that others watch must not show
 * earlier than a link what came, or was written here.
 */
export class ShownStore implements Pick<EnvelopeStore, "index" | "get" | "usage"> {
  readonly #hub: MailHub
  readonly #store: EnvelopeStore
  /** Grows when more may be seen. */
  #version = 1

  constructor(hub: MailHub, store: EnvelopeStore) {
    this.#hub = hub
    this.#store = store
    hub.onEvent(({ kind }) => {
      if (kind === "released") this.#version += 1
    })
  }

  async index(): ReturnType<EnvelopeStore["index"]> {
    const shown = new Set((await this.#hub.entries()).map(({ id }) => hex(id)))
    return (await this.#store.index()).filter(({ id }) => shown.has(hex(id)))
  }

  get(ids: readonly Uint8Array[]): ReturnType<EnvelopeStore["get"]> {
    return this.#store.get(ids)
  }

  async usage(): ReturnType<EnvelopeStore["usage"]> {
    return { ...(await this.#store.usage()), lastNumber: this.#version }
  }
}
