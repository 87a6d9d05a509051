import type { IrcMessage } from "./message.js"

/**
 * Tells who is gone because two servers lost each other from who left. [IRC-6-1]
 *
 * With the capability `batch` the server says so. Without it only the text of the QUIT does, two names
 * of servers; and where a server does not put `Quit: ` before its users' farewells, a user can write
 * the same. So nothing that matters may depend on it. [IRC-6-2]
 */
export class Netsplits {
  readonly #batches = new Set<string>()

  hear({ command, params }: IrcMessage): void {
    const [reference = "", type = ""] = params
    if (command !== "BATCH") return
    if (reference.startsWith("-")) this.#batches.delete(reference.slice(1))
    else if (type.toLowerCase() === "netsplit") this.#batches.add(reference.slice(1))
  }

  /** Whether this QUIT is one. */
  includes({ params, tags }: IrcMessage): boolean {
    const batch = tags.get("batch")
    if (batch !== undefined && this.#batches.has(batch)) return true
    const [, one = "", other = ""] = /^(\S+) (\S+)$/.exec(params[0] ?? "") ?? []
    return isServerName(one) && isServerName(other) && one !== other
  }
}

function isServerName(text: string): boolean {
  return /^(?=.{3,63}$)(\*|[a-z0-9-]+)(\.[a-z0-9-]+)+$/i.test(text)
}
