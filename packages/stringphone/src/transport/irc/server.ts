import { type CaseMapping, foldName, toCaseMapping } from "./case-mapping.js"
import type { IrcMessage } from "./message.js"

/** The programs whose habits we know. */
export type IrcServerKind =
  "ngircd" | "inspircd" | "hybrid" | "solanum" | "unreal" | "ergo" | "other"

/** What a server told of itself. */
export interface IrcServer {
  readonly name: string
  readonly kind: IrcServerKind
  /** Its program and version, as in `ngircd-26.1`. */
  readonly version: string
  /** IRCv3 capabilities that are switched on. */
  readonly capabilities: ReadonlySet<string>
  /** The tokens of its 005, as in `NICKLEN` → `30`. */
  readonly tokens: ReadonlyMap<string, string>
}

const kinds: readonly (readonly [RegExp, IrcServerKind])[] = [
  [/ngircd/i, "ngircd"],
  [/inspircd/i, "inspircd"],
  [/hybrid|ratbox/i, "hybrid"],
  [/solanum|charybdis/i, "solanum"],
  [/unreal/i, "unreal"],
  [/ergo|oragono/i, "ergo"],
]

/** Collects what the server tells, from its first line on. */
export class ServerFacts implements IrcServer {
  name = ""
  version = ""
  readonly capabilities: Set<string> = new Set()
  readonly tokens: Map<string, string> = new Map()
  #caseMapping: CaseMapping = "rfc1459"

  get kind(): IrcServerKind {
    return kinds.find(([pattern]) => pattern.test(this.version))?.[1] ?? "other"
  }

  /** The characters that mark operators and others in lists of names. */
  get marks(): string {
    return /^\([^)]*\)(.*)$/.exec(this.tokens.get("PREFIX") ?? "")?.[1] ?? "~&@%+"
  }

  fold(name: string): string {
    return foldName(name, this.#caseMapping)
  }

  /** A number among the tokens. */
  number(token: string): number | null {
    const value = Number(this.tokens.get(token) ?? "")
    return Number.isInteger(value) && value > 0 ? value : null
  }

  hear({ command, params, source }: IrcMessage): void {
    if (command === "001") this.name = source?.name ?? ""
    else if (command === "002" && this.version === "") this.version = params[1] ?? ""
    else if (command === "004") this.version = params[2] ?? this.version
    else if (command === "005") this.#hearTokens(params.slice(1, -1))
    else if (command === "CAP") this.#hearCapabilities(params)
  }

  #hearTokens(tokens: readonly string[]): void {
    for (const token of tokens) {
      const [key, value] = splitOnce(token, "=")
      if (key.startsWith("-")) this.tokens.delete(key.slice(1))
      else this.tokens.set(key.toUpperCase(), unescape(value))
    }
    this.#caseMapping = toCaseMapping(this.tokens.get("CASEMAPPING") ?? "rfc1459")
  }

  #hearCapabilities([, verb, ...rest]: readonly string[]): void {
    const names = (rest.at(-1) ?? "").split(" ").filter((name) => name !== "")
    if (verb === "DEL") for (const name of names) this.capabilities.delete(name)
    if (verb !== "ACK") return
    for (const name of names) {
      if (name.startsWith("-")) this.capabilities.delete(name.slice(1))
      else this.capabilities.add(name.replace(/^[=~]+/, ""))
    }
  }
}

/** Before and after the first of these, if there is one. */
export function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)]
}

function unescape(value: string): string {
  return value.replace(/\\x([0-9a-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
}
