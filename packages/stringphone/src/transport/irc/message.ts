/** Who sent a line, as the server shows it: `nick!user@host`, or the name of a server. */
export interface IrcSource {
  readonly name: string
  readonly user: string | null
  readonly host: string | null
}

/** One line of IRC, taken apart. */
export interface IrcMessage {
  readonly tags: ReadonlyMap<string, string>
  readonly source: IrcSource | null
  /** In capitals, or three digits. */
  readonly command: string
  readonly params: readonly string[]
}

const noTags: ReadonlyMap<string, string> = new Map()

/**
 * Takes one line apart, without its line break: `@tags :source COMMAND params :last one`.
 * @returns `null` when there is no command in it
 */
export function parseIrcMessage(line: string): IrcMessage | null {
  let rest = line.replace(/[\r\n]+$/, "")
  let tags = noTags
  if (rest.startsWith("@")) {
    const end = endOfWord(rest, 0)
    tags = parseTags(rest.slice(1, end))
    rest = rest.slice(end).replace(/^ +/, "")
  }
  let source: IrcSource | null = null
  if (rest.startsWith(":")) {
    const end = endOfWord(rest, 0)
    source = parseIrcSource(rest.slice(1, end))
    rest = rest.slice(end)
  }
  const words: string[] = []
  for (;;) {
    rest = rest.replace(/^ +/, "")
    if (rest === "") break
    if (rest.startsWith(":") && words.length > 0) {
      words.push(rest.slice(1))
      break
    }
    const end = endOfWord(rest, 0)
    words.push(rest.slice(0, end))
    rest = rest.slice(end)
  }
  const [command, ...params] = words
  if (command === undefined || !/^([a-z]+|\d{3})$/i.test(command)) return null
  return { tags, source, command: command.toUpperCase(), params }
}

/** Takes `nick!user@host` apart. */
export function parseIrcSource(text: string): IrcSource {
  const at = text.indexOf("@")
  const host = at < 0 ? null : text.slice(at + 1)
  const left = at < 0 ? text : text.slice(0, at)
  const mark = left.indexOf("!")
  return mark < 0
    ? { name: left, user: null, host }
    : { name: left.slice(0, mark), user: left.slice(mark + 1), host }
}

function parseTags(text: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>()
  for (const part of text.split(";")) {
    const equals = part.indexOf("=")
    const key = equals < 0 ? part : part.slice(0, equals)
    if (key !== "") tags.set(key, equals < 0 ? "" : unescape(part.slice(equals + 1)))
  }
  return tags
}

const escapes: Readonly<Record<string, string>> = { ":": ";", s: " ", r: "\r", n: "\n" }

/** Message tags, IRCv3: a backslash before any other letter is dropped. */
function unescape(value: string): string {
  return value.replace(/\\(.?)/gs, (_, letter: string) => escapes[letter] ?? letter)
}

function endOfWord(text: string, from: number): number {
  const end = text.indexOf(" ", from)
  return end < 0 ? text.length : end
}
