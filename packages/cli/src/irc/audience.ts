import type { Client } from "./client.js"
import { type Line, line } from "./line.js"
import { proxyPrefix } from "./names.js"

export interface TellOptions {
  readonly except?: Client | null
  readonly atMs?: number
}

/** All clients that take part at this moment. */
export class Audience {
  readonly #clients = new Set<Client>()

  get all(): readonly Client[] {
    return [...this.#clients].filter(({ isWelcome }) => isWelcome)
  }

  /** Introduced themselves, and wait for the server's welcome. */
  get waiting(): readonly Client[] {
    return [...this.#clients].filter(({ isReady, isWelcome }) => isReady && !isWelcome)
  }

  get size(): number {
    return this.#clients.size
  }

  add(client: Client): void {
    this.#clients.add(client)
  }

  remove(client: Client): void {
    this.#clients.delete(client)
  }

  tell(said: Line, { atMs, except }: TellOptions = {}): void {
    for (const client of this.all) if (client !== except) client.send(said, atMs)
  }

  /** A person's own words: all their other clients show them; this one too, if it asked for that. */
  tellOwn(said: Line, speaker: Client, atMs: number): void {
    for (const client of this.all) {
      const isQuery = !/^[#&+!]/.test(said.params[0] ?? "")
      const isWanted = client.has("echo-message") || (client !== speaker && !isQuery)
      if (isWanted) client.send(said, atMs)
    }
  }
}

/** A notice of the proxy: to a channel, or to a nick. */
export function notice(target: string, text: string): readonly Line[] {
  return rows(text).map((row) => line(proxyPrefix, "NOTICE", target, row))
}

/** The same as a private message, so that it stands in the query. */
export function reply(nick: string, text: string): readonly Line[] {
  return rows(text).map((row) => line(proxyPrefix, "PRIVMSG", nick, row))
}

/** Rows that fit into a line of IRC, broken between words; none but the first of a line looks like one. */
function rows(text: string): readonly string[] {
  return text.split("\n").flatMap((one) => {
    const found = one.match(/\S.{0,360}(?=\s|$)|\S{1,360}/gu) ?? []
    return found.map((row, i) => (i === 0 ? row : `… ${row}`).trimEnd())
  })
}
