/** What can be said to the proxy beside what the terminal client knows, too. */
export const deskCommands: readonly {
  readonly name: string
  readonly parameters: string
  readonly description: string
}[] = [
  {
    name: "start-room",
    parameters: "#CHANNEL [--deniable | --classic]",
    description: "found a room, with you as captain",
  },
  {
    name: "join-room",
    parameters: "#CHANNEL [--classic]",
    description: "ask the captain to let you in",
  },
  { name: "room-status", parameters: "#CHANNEL", description: "how the room stands" },
  {
    name: "members",
    parameters: "#CHANNEL",
    description: "who is in it, and how far you trust each",
  },
  { name: "who", parameters: "#CHANNEL", description: "the same, and who else is on the channel" },
  {
    name: "verify",
    parameters: "#CHANNEL [NAME [yes]]",
    description: "compare somebody's key; then say yes. Without a name: what others compare of you",
  },
  { name: "invite", parameters: "#CHANNEL [NICK]", description: "what somebody else has to type" },
  { name: "admit", parameters: "#CHANNEL [NUMBER]", description: "let in who asks (captain)" },
  { name: "decline", parameters: "#CHANNEL [NUMBER] [REASON]", description: "do not (captain)" },
  { name: "kick", parameters: "#CHANNEL NAME", description: "remove a member (captain)" },
  { name: "rotate", parameters: "#CHANNEL", description: "make a new key now (captain)" },
  { name: "abdicate", parameters: "#CHANNEL [NAME]", description: "hand the room over (captain)" },
  {
    name: "takeover",
    parameters: "#CHANNEL",
    description: "become captain, where the captain is silent",
  },
  { name: "digits", parameters: "#CHANNEL", description: "what all members see alike, to compare" },
  { name: "split", parameters: "#CHANNEL", description: "whether members see different rooms" },
  {
    name: "leave-room",
    parameters: "#CHANNEL yes",
    description: "leave for good: its keys are forgotten",
  },
  {
    name: "cleartext",
    parameters: "#CHANNEL on",
    description: "after you left: let the channel be an ordinary one again",
  },
  {
    name: "introduction",
    parameters: "NICK",
    description: "send your key to somebody who uses Flute",
  },
  { name: "trust-key", parameters: "NAME HEX", description: "a contact of this name has this key" },
  { name: "list-friends", parameters: "", description: "your contacts" },
  { name: "dump-fingerprint", parameters: "", description: "your own fingerprint and key" },
  { name: "help", parameters: "", description: "this list" },
]

export function deskHelp(): string {
  const heads = deskCommands.map(({ name, parameters }) => `${name} ${parameters}`.trimEnd())
  return deskCommands.map(({ description }, i) => `${heads[i] ?? ""} — ${description}`).join("\n")
}
