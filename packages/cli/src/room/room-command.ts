import { UsageError } from "stringphone/bytes"

/** What can be typed beside text. */
export interface RoomCommand {
  readonly name: string
  readonly parameters: string
  readonly description: string
  /** Only the captain can do it. */
  readonly isForCaptain?: true
}

export const roomCommands: readonly RoomCommand[] = [
  { name: "help", parameters: "", description: "this list" },
  {
    name: "members",
    parameters: "",
    description: "who is in the room, and how far you trust each",
  },
  {
    name: "who",
    parameters: "",
    description: "the room and the channel: members, and who listens in",
  },
  {
    name: "verify",
    parameters: "[NAME [yes | WORDS | DIGITS] [as PETNAME]]",
    description: "compare somebody's key; then say yes, or type what they read to you",
  },
  { name: "digits", parameters: "", description: "what all members of this epoch see alike" },
  { name: "me", parameters: "TEXT", description: "say what you do" },
  {
    name: "admit",
    parameters: "[NUMBER | NAME]",
    description: "let in who asks",
    isForCaptain: true,
  },
  {
    name: "decline",
    parameters: "[NUMBER | NAME] [REASON]",
    description: "do not let in who asks; they see the reason",
    isForCaptain: true,
  },
  { name: "kick", parameters: "NAME", description: "remove a member", isForCaptain: true },
  { name: "rotate", parameters: "", description: "make a new key now", isForCaptain: true },
  {
    name: "captain",
    parameters: "[NAME]",
    description: "who is captain; with a name: hand the room over",
  },
  { name: "takeover", parameters: "", description: "become captain, where the captain is silent" },
  { name: "leave", parameters: "yes", description: "leave for good: all keys are forgotten" },
  { name: "quit", parameters: "", description: "end this; you stay a member, and can come back" },
]

/** What a person typed: text for the room, or a command with what stands behind it. */
export type Typed =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "command"; readonly name: string; readonly rest: string }

/**
 * Reads one input. What begins with a slash is a command, and never sent by mistake; two slashes
 * send text that begins with one.
 * @throws {UsageError} `no-such-command`
 */
export function readTyped(input: string): Typed {
  if (!input.startsWith("/")) return { kind: "text", text: input }
  if (input.startsWith("//")) return { kind: "text", text: input.slice(1) }
  const [, word = "", rest = ""] = /^\/(\S*)\s*([^]*)$/.exec(input) ?? []
  const name = word.toLowerCase()
  if (roomCommands.some((command) => command.name === name)) {
    return { kind: "command", name, rest: rest.trim() }
  }
  throw new UsageError(
    "no-such-command",
    `There is no command "/${word}". /help shows all; //${word} sends it as text.`,
  )
}

export function helpText(): string {
  const heads = roomCommands.map(({ name, parameters }) => `/${name} ${parameters}`.trimEnd())
  const width = Math.max(...heads.filter((head) => head.length < 24).map(({ length }) => length))
  const rows = roomCommands.map(({ description, isForCaptain }, i) => {
    const who = isForCaptain ? " (captain)" : ""
    const head = heads[i] ?? ""
    const gap =
      head.length > width ? `\n  ${" ".repeat(width)}  ` : " ".repeat(width - head.length + 2)
    return `  ${head}${gap}${description}${who}`
  })
  return [
    ...rows,
    "",
    "  Tab completes names and commands, Up and Down go through what you sent.",
    "  Alt-Enter starts a new line. //text sends text that begins with a slash.",
  ].join("\n")
}
