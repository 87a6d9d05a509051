import { onTestFinished } from "vitest"
import type { NumberedExchange } from "../src/server/wire-tape.js"

/** A page that listens to the wire of a home. */
export class WireListener {
  /** All that came so far. */
  readonly exchanges: NumberedExchange[] = []
  /** The same as it came, with everything between. */
  text = ""
  /** Whose numbers these are. */
  tape = ""
  readonly #going = new AbortController()
  #wake: () => void = () => {}

  static async open(page: string, headers: Record<string, string> = {}): Promise<WireListener> {
    const listener = new WireListener()
    const { signal } = listener.#going
    const answer = await fetch(new URL("login-wire", page), { headers, signal })
    if (answer.status !== 200 || !answer.body) throw new Error(`${answer.status}`)
    onTestFinished(() => listener.leave())
    void listener.#read(answer.body)
    return listener
  }

  /** The first exchange that matches, which may have been already. */
  async hear(matches: (exchange: NumberedExchange) => boolean): Promise<NumberedExchange> {
    for (;;) {
      const found = this.exchanges.find(matches)
      if (found) return found
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  leave(): void {
    this.#going.abort()
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    let rest = ""
    try {
      for await (const chunk of body) {
        const text = decoder.decode(chunk, { stream: true })
        this.text += text
        const blocks = (rest + text).split("\n\n")
        rest = blocks.pop() ?? ""
        for (const block of blocks) this.#take(block)
        this.#wake()
      }
    } catch {
      // We left, or the home ended.
    }
  }

  #take(block: string): void {
    const [, tape, id, data] = /^id: ([0-9a-f]{8})-(\d+)\ndata: (.+)$/.exec(block) ?? []
    if (tape === undefined || data === undefined) return
    const exchange = JSON.parse(data) as NumberedExchange
    if (exchange.n !== Number(id)) throw new Error(`${id} is not ${exchange.n}`)
    this.tape = tape
    this.exchanges.push(exchange)
  }
}

/** All that anybody can read from what passed: fields, and bodies as bytes. */
export function readable(exchanges: readonly NumberedExchange[]): string {
  return exchanges
    .flatMap(({ answer, request }) => [request.method, request.target, request, answer])
    .map((part) => {
      if (typeof part === "string") return part
      return `${part.fields.flat().join("\n")}\n${Buffer.from(part.body, "base64").toString("latin1")}`
    })
    .join("\n")
}
