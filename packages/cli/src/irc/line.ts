/** One line of IRC, either way. */
export interface Line {
  readonly tags: ReadonlyMap<string, string>
  /** `nick!user@host` or a server's name; `null`: none given. */
  readonly prefix: string | null
  /** Upper case, or three digits. */
  readonly command: string
  readonly params: readonly string[]
}

const noTags: ReadonlyMap<string, string> = new Map()

/** @returns `null` for what is no line of IRC. */
export function parseLine(text: string): Line | null {
  // What stands after a line break or NUL would be another line to whom it is passed on.
  let rest = text.replace(/[\r\n\0]/g, "")
  let tags = noTags
  if (rest.startsWith("@")) {
    const [word, after] = cut(rest)
    tags = parseTags(word.slice(1))
    rest = after
  }
  let prefix: string | null = null
  if (rest.startsWith(":")) {
    const [word, after] = cut(rest)
    prefix = word.slice(1)
    rest = after
  }
  const params: string[] = []
  const [command, after] = cut(rest)
  if (!/^([A-Za-z]+|\d{3})$/.test(command)) return null
  rest = after
  while (rest !== "") {
    if (rest.startsWith(":")) {
      params.push(rest.slice(1))
      break
    }
    const [word, behind] = cut(rest)
    params.push(word)
    rest = behind
  }
  return { tags, prefix, command: command.toUpperCase(), params }
}

/** A line from somebody, without tags. */
export function line(prefix: string | null, command: string, ...params: readonly string[]): Line {
  return { tags: noTags, prefix, command, params }
}

/** Without its line end. Line breaks within a parameter become spaces. */
export function formatLine({ tags, prefix, command, params }: Line): string {
  const words = [
    ...(tags.size > 0 ? [`@${formatTags(tags)}`] : []),
    ...(prefix === null ? [] : [`:${prefix}`]),
    command,
    ...params.map((param, i) => (i === params.length - 1 ? trailing(command, param) : param)),
  ]
  return words.join(" ").replace(/[\r\n\0]+/g, " ")
}

/** The nick of a prefix, or the server's name. */
export function nickOf(prefix: string | null): string {
  return prefix?.split(/[!@]/, 1)[0] ?? ""
}

/** Always with a colon where text stands: some clients expect one there. */
function trailing(command: string, param: string): string {
  const isText = /^(PRIVMSG|NOTICE|TOPIC|QUIT|001|332|353|372)$/.test(command)
  return isText || param === "" || param.startsWith(":") || param.includes(" ")
    ? `:${param}`
    : param
}

function cut(text: string): readonly [word: string, rest: string] {
  const end = text.indexOf(" ")
  return end < 0 ? [text, ""] : [text.slice(0, end), text.slice(end).trimStart()]
}

function parseTags(text: string): ReadonlyMap<string, string> {
  const pairs = text.split(";").filter((tag) => tag !== "")
  return new Map(
    pairs.map((pair) => {
      const [key = "", ...value] = pair.split("=")
      return [key, unescapeTag(value.join("="))]
    }),
  )
}

function formatTags(tags: ReadonlyMap<string, string>): string {
  return [...tags]
    .map(([key, value]) => (value === "" ? key : `${key}=${escapeTag(value)}`))
    .join(";")
}

const escapes: Readonly<Record<string, string>> = {
  ";": "\\:",
  " ": "\\s",
  "\\": "\\\\",
  "\r": "\\r",
  "\n": "\\n",
}

function escapeTag(value: string): string {
  return value.replace(/[; \\\r\n]/g, (character) => escapes[character] ?? "")
}

function unescapeTag(value: string): string {
  return value.replace(/\\(.?)/g, (_, character: string) => {
    const found = Object.entries(escapes).find(([, escaped]) => escaped === `\\${character}`)
    return found?.[0] ?? character
  })
}
