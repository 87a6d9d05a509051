import type { IncomingMessage, ServerResponse } from "node:http"
import { type ActionOutcome, type EavesdropperAction, eavesdropperActions } from "./eavesdropper.js"
import { isOurPage } from "./guard.js"
import { say } from "./say.js"

export const eavesdropperPath = "/eavesdropper"

const maxBodyBytes = 1_024
/** So many actions in so long; more help nobody to understand. */
const maxActions = 10
const perMs = 5_000

/**
 * `POST /eavesdropper` with `{"do":"flip"}`, `drop`, `replay` or `inject`: 204, or a sentence that
 * says why not. For our own page only; it can do nothing that the broker could not do anyway.
 */
export class EavesdropperRoute {
  readonly #act: (action: EavesdropperAction) => ActionOutcome
  #times: readonly number[] = []

  constructor(act: (action: EavesdropperAction) => ActionOutcome) {
    this.#act = act
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    if (!isOurPage(request)) {
      request.resume()
      return say(response, 403, "Only this server's own page may ask for that.")
    }
    if (!this.#mayAgain()) {
      request.resume()
      return say(response, 429, "Not so fast: wait a few seconds.")
    }
    void readBody(request).then((body) => {
      const action = body === null ? null : readAction(body)
      if (body === null) return say(response, 413, "That is too long.")
      if (!action) return say(response, 400, `Ask for one of ${eavesdropperActions.join(", ")}.`)
      switch (this.#act(action)) {
        case "done":
          response.statusCode = 204
          return void response.end()
        case "busy":
          return say(response, 409, "The eavesdropper waits for messages already. Wait a little.")
        case "nothing-recorded":
          return say(response, 409, "No message of a device was recorded yet. Wait a second.")
      }
    })
  }

  #mayAgain(): boolean {
    const nowMs = performance.now()
    this.#times = this.#times.filter((atMs) => nowMs - atMs < perMs)
    if (this.#times.length >= maxActions) return false
    this.#times = [...this.#times, nowMs]
    return true
  }
}

/** @returns `null` when it is longer than it may be; nothing more is kept. */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > maxBodyBytes) return null
      chunks.push(chunk)
    }
  } catch {
    return null // it went away
  }
  return Buffer.concat(chunks)
}

function readAction(body: Buffer): EavesdropperAction | null {
  try {
    const { do: action } = JSON.parse(body.toString()) as { do?: unknown }
    return eavesdropperActions.find((one) => one === action) ?? null
  } catch {
    return null
  }
}
