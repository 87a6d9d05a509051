/** What a field is, for its colour. */
export type FieldKind =
  "type" | "epoch" | "tag" | "counter" | "random" | "key" | "proof" | "box" | "unknown"

/** One part of a message, as anyone on the channel can see it. */
export interface Field {
  readonly name: string
  readonly kind: FieldKind
  /** Offset of its first byte. */
  readonly at: number
  readonly bytes: Uint8Array
  /** What it is, and what it tells whoever is listening. */
  readonly note: string
  /** What everybody can read in it. */
  readonly value: string | null
}

export interface Description {
  readonly title: string
  /** In order, without gaps: together they are the message. */
  readonly fields: readonly Field[]
  /** Why this is no message of a topic. */
  readonly problem: string | null
}

interface Part {
  readonly name: string
  readonly kind: FieldKind
  readonly note: string
  /** An array: at least so many, and all that is left. */
  readonly length: number | readonly [atLeast: number]
}

interface Layout {
  readonly title: string
  readonly parts: readonly Part[]
}

const type = (note: string): Part => ({ name: "type", kind: "type", length: 1, note })
const box = (name: string, length: Part["length"], note: string): Part => ({
  name,
  kind: "box",
  length,
  note,
})

/** spec/topic.md §3 */
function data(title: string, letter: string, what: string): Layout {
  return {
    title,
    parts: [
      type(`“${letter}”: ${what}`),
      {
        name: "epoch",
        kind: "epoch",
        length: 2,
        note: "Which key of the home, by its number. It rises with every change of the key.",
      },
      {
        name: "sender tag",
        kind: "tag",
        length: 4,
        note: "Stands for the sender, in this epoch only. Listeners see that two messages are by the same one, not by whom.",
      },
      {
        name: "counter",
        kind: "counter",
        length: 4,
        note: "Numbers the sender’s messages. Each has a key of its own, which is deleted once used: so nothing counts twice.",
      },
      { name: "guard", kind: "random", length: 8, note: "Random, new in every message." },
      box(
        "sealed",
        [80],
        "Content and the sender’s signature, encrypted. Listeners learn the length, and nothing else.",
      ),
    ],
  }
}

const session: Part = {
  name: "session",
  kind: "random",
  length: 16,
  note: "Random. It holds the messages of one pairing together.",
}
const ephemeral = (whose: string): Part => ({
  name: "ephemeral key",
  kind: "key",
  length: 32,
  note: `X25519 key of ${whose}, made for this once.`,
})
const commitment = (whose: string): Part => ({
  name: "commitment",
  kind: "proof",
  length: 32,
  note: `Fixes what ${whose} will show. Nobody can choose it later so that the emoji fit.`,
})

/** The wire formats of spec/topic.md: the one place here that knows offsets. */
const layouts: Readonly<Record<string, Layout>> = {
  M: data("Message", "M", "an ordinary message."),
  T: data("Timed message", "T", "a message that counts for a short while only, as a command."),
  B: data("Bundle", "B", "several messages in one."),
  C: data("Control message", "C", "what the participants’ machines tell each other."),
  F: {
    title: "Fragment",
    parts: [
      type("“F”: a piece of a message that is too long for the channel."),
      { name: "message ID", kind: "random", length: 4, note: "The same in all of its pieces." },
      { name: "index", kind: "counter", length: 1, note: "Which piece this is." },
      { name: "last", kind: "counter", length: 1, note: "The index of the last piece." },
      box("piece", [1], "A part of the message."),
    ],
  },
  K: {
    title: "New key",
    parts: [
      type("“K”: an admin changes the key: somebody comes or goes, or it was time."),
      { name: "epoch", kind: "epoch", length: 4, note: "The number of the new key." },
      ephemeral("the admin"),
      {
        name: "slots",
        kind: "counter",
        length: 2,
        note: "For how many the key is sealed. Listeners learn how many are in the home.",
      },
      box(
        "sealed",
        [16],
        "The new key, sealed to each participant alone; and who is in the home, signed. Who was removed has no slot.",
      ),
    ],
  },
  Q: {
    title: "Key request",
    parts: [
      type("“Q”: somebody lacks the newest key."),
      { name: "nonce", kind: "random", length: 24, note: "Random, new in every request." },
      box("sealed", 162, "Who asks, for participants’ eyes only."),
    ],
  },
  X: {
    title: "Removal notice",
    parts: [
      type("“X”: an admin tells somebody that they were removed."),
      ephemeral("the admin"),
      { name: "hint", kind: "tag", length: 8, note: "Tells whom it is for, to that one alone." },
      box("sealed", 116, "Who removed whom, signed."),
    ],
  },
  1: {
    title: "Pairing 1: I want in",
    parts: [
      type("“1”: somebody asks to be let in."),
      session,
      { name: "secret ID", kind: "tag", length: 8, note: "Which code was scanned; zeros: none." },
      commitment("the asking device"),
    ],
  },
  2: {
    title: "Pairing 2: go on",
    parts: [
      type("“2”: the answer of an admin."),
      session,
      ephemeral("the admin’s device"),
      commitment("the admin’s device"),
    ],
  },
  3: {
    title: "Pairing 3: who I am",
    parts: [
      type("“3”: the asking device shows itself."),
      session,
      ephemeral("the asking device"),
      box("sealed", [248], "Its key, its name and its signature, for the other side only."),
    ],
  },
  4: {
    title: "Pairing 4: who I am",
    parts: [
      type("“4”: the admin’s device shows itself. Now both sides show the emoji."),
      session,
      box("sealed", [247], "Its key, its name and its signature, for the other side only."),
    ],
  },
  5: {
    title: "Pairing 5: the same",
    parts: [
      type("“5”: the asking device’s person says that the emoji are the same."),
      session,
      { name: "proof", kind: "proof", length: 16, note: "Only the two devices can make it." },
    ],
  },
  6: {
    title: "Pairing 6: stop",
    parts: [
      type("“6”: one side stops."),
      session,
      box("sealed", 17, "Whether the emoji were different, for the other side only."),
    ],
  },
}

/** Names every byte of a message. Never throws: what is malformed is one unknown field. */
export function describe(bytes: Uint8Array): Description {
  const layout = layouts[String.fromCharCode(bytes[0] ?? 0)]
  const problem = problemOf(bytes, layout)
  if (problem !== null || !layout) {
    const note = "These bytes are no message of a topic. Anyone on the channel can send anything."
    const unknown = { name: "unknown", kind: "unknown", at: 0, bytes, note, value: null } as const
    return { title: "Not a message", fields: bytes.length > 0 ? [unknown] : [], problem }
  }
  let at = 0
  const fields = layout.parts.map(({ name, kind, length, note }): Field => {
    const start = at
    at = typeof length === "number" ? at + length : bytes.length
    const own = bytes.subarray(start, at)
    return { name, kind, at: start, bytes: own, note, value: valueOf(kind, own) }
  })
  return { title: layout.title, fields, problem: null }
}

function problemOf(bytes: Uint8Array, layout: Layout | undefined): string | null {
  if (!layout) return "No message of a topic begins with this byte."
  const lengths = layout.parts.map(({ length }) =>
    typeof length === "number" ? length : length[0],
  )
  const least = lengths.reduce((sum, length) => sum + length, 0)
  const isOpen = layout.parts.some(({ length }) => typeof length !== "number")
  if (bytes.length < least) return `It is too short: ${bytes.length} bytes instead of ${least}.`
  if (!isOpen && bytes.length > least) {
    return `It is too long: ${bytes.length} bytes instead of ${least}.`
  }
  return null
}

function valueOf(kind: FieldKind, bytes: Uint8Array): string | null {
  if (kind === "type") return String.fromCharCode(bytes[0] ?? 0)
  if (kind !== "epoch" && kind !== "counter") return null
  return String(bytes.reduce((value, byte) => value * 256 + byte, 0))
}
