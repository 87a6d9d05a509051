import { type Exchange, readExchange } from "./exchange.ts"
import { type Inside, OwnExchanges } from "./own-exchanges.ts"

export interface SeenExchange {
  readonly key: string
  readonly exchange: Exchange
  /** `null`: it is not of this page. */
  readonly inside: Inside | null
}

export type WireStatus = "closed" | "connecting" | "open"

/** As many as the home keeps. */
const most = 60
const againMs = 3_000

/** What somebody on the network gets of logins and calls, newest first; the home records it, without any key. */
export class LoginWire {
  shown = $state.raw<readonly SeenExchange[]>([])
  status = $state<WireStatus>("closed")
  readonly own = new OwnExchanges()

  /** Listens until the function that it returns is called. */
  watch(path: string): () => void {
    let source: EventSource | null = null
    let timer: ReturnType<typeof setTimeout> | undefined
    const listen = (): void => {
      this.status = "connecting"
      source = new EventSource(path)
      source.onopen = () => void (this.status = "open")
      source.onmessage = ({ data }) => this.heard(data)
      source.onerror = () => {
        this.status = "connecting"
        // Browsers try again by themselves, unless the answer was a refusal.
        if (source?.readyState !== EventSource.CLOSED) return
        timer = setTimeout(listen, againMs)
      }
    }
    listen()
    return () => {
      clearTimeout(timer)
      source?.close()
      this.status = "closed"
    }
  }

  /** What does not read is left out: it is the home's, and nothing hangs on it. */
  heard(data: unknown): void {
    const exchange = readExchange(parsed(data))
    if (!exchange) return
    // The home counts from 1 when it was started anew.
    const key = `${exchange.n}@${exchange.atMs}`
    if (this.shown.some((one) => one.key === key)) return
    const inside = this.own.take(exchange)
    this.shown = [{ key, exchange, inside }, ...this.shown].slice(0, most)
  }
}

function parsed(data: unknown): unknown {
  try {
    return typeof data === "string" ? JSON.parse(data) : null
  } catch {
    return null
  }
}
