import { describe, expect, it } from "vitest"
import {
  type Composer,
  emptyComposer,
  type Key,
  press,
  refused,
  returned,
  submitted,
} from "../src/room/composer.js"

const names = ["alice", "alan", '"Bob from work"']
const commands = ["/help", "/kick", "/members"]

function keys(text: string): readonly Key[] {
  return [...text].map((sequence) => ({ sequence }))
}

function key(chord: string): Key {
  const parts = chord.split("-")
  return {
    name: parts.at(-1),
    sequence: "\x1b[?",
    ctrl: parts.includes("ctrl"),
    meta: parts.includes("meta"),
  }
}

function after(composer: Composer, ...all: readonly Key[]): Composer {
  return all.reduce((before, one) => press(before, one, names, commands).composer, composer)
}

function shown({ editor: { cursor, text } }: Composer): string {
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`
}

const typed = (text: string): Composer => after(emptyComposer, ...keys(text))

function paste(composer: Composer, text: string): Composer {
  return after(composer, { name: "paste-start" }, ...keys(text), { name: "paste-end" })
}

describe("editing the input", () => {
  it.each([
    [["left", "left"], "one t|wo"],
    [["home"], "|one two"],
    [["ctrl-a", "right", "delete"], "o|e two"],
    [["ctrl-left"], "one |two"],
    [["meta-b", "meta-b"], "|one two"],
    [["ctrl-w"], "one |"],
    [["meta-backspace", "backspace"], "one|"],
    [["home", "meta-d"], "| two"],
    [["home", "ctrl-right", "ctrl-k"], "one|"],
    [["left", "ctrl-u"], "|o"],
    [["end", "right", "ctrl-e"], "one two|"],
  ])("%s", (chords, expected) => {
    expect(shown(after(typed("one two"), ...chords.map(key)))).toBe(expected)
  })

  it("deletes an emoji of several parts at once", () => {
    const cook = "\u{1f469}\u{200d}\u{1f373}"
    expect(shown(after(typed(`a${cook}`), key("backspace")))).toBe("a|")
    expect(shown(after(typed(`${cook}b`), key("left"), key("left")))).toBe(`|${cook}b`)
  })

  it("takes no control character from keys it does not know", () => {
    const focus: Key = { name: "undefined", sequence: "\x1b[I" }
    expect(shown(after(typed("a"), focus, key("ctrl-l"), key("f5")))).toBe("a|")
  })
})

describe("what was sent before", () => {
  const sent = submitted(after(submitted(typed("first")), ...keys("second")))

  it("comes back with Up, and the draft behind it with Down", () => {
    const draft = after(sent, ...keys("draft"))
    const [up, down] = [key("up"), key("down")]
    expect(shown(after(draft, up))).toBe("second|")
    expect(shown(after(draft, up, up, up))).toBe("first|")
    expect(shown(after(draft, up, up, down, down))).toBe("draft|")
    expect(shown(after(draft, down))).toBe("draft|")
  })

  it("is remembered once when it is sent twice", () => {
    const twice = submitted(after(sent, ...keys("second")))
    expect(twice.history.entries).toEqual(["first", "second"])
  })
})

describe("Tab", () => {
  const tab: Key = { name: "tab" }

  it("goes through the names that fit, with a colon at the beginning", () => {
    expect(shown(after(typed("al"), tab))).toBe("alan: |")
    expect(shown(after(typed("al"), tab, tab))).toBe("alice: |")
    expect(shown(after(typed("al"), tab, tab, tab))).toBe("alan: |")
    expect(shown(after(typed("hi bo"), tab))).toBe('hi "Bob from work" |')
    expect(shown(after(typed("hi al"), tab, ...keys("!")))).toBe("hi alan !|")
  })

  it("completes commands, and names behind them", () => {
    expect(shown(after(typed("/k"), tab, ...keys("ali"), tab))).toBe("/kick alice |")
    expect(shown(after(typed("/x"), tab))).toBe("/x|")
  })
})

describe("Enter", () => {
  const enter = key("return")

  it("submits what is not empty", () => {
    expect(press(typed("hi"), enter)).toMatchObject({ effect: "submit" })
    expect(press(typed("  "), enter)).toMatchObject({ effect: "none" })
  })

  it("makes a new line with Alt", () => {
    expect(after(typed("a"), key("meta-return"), ...keys("b")).editor.text).toBe("a\nb")
  })

  it("does not send what is pasted, and asks before many lines", () => {
    const five = paste(emptyComposer, "1\r2\r\n3\n4\r5\r")
    expect(five.editor.text).toBe("1\n2\n3\n4\n5")
    expect(press(five, enter).effect).toBe("submit")
    const six = paste(emptyComposer, "1\n2\n3\n4\n5\n6")
    const once = press(six, enter)
    expect(once).toMatchObject({ effect: "none", composer: { hint: /^6 lines: Enter again/ } })
    expect(press(once.composer, enter).effect).toBe("submit")
    // Any other key takes the confirmation back.
    expect(press(after(once.composer, key("left")), enter).effect).toBe("none")
  })

  it("keeps what was refused, and gives back what failed", () => {
    const kept = refused(typed("hi"), "Not yet.")
    expect([shown(kept), kept.hint]).toEqual(["hi|", "Not yet."])
    expect(shown(returned(submitted(typed("hi")), "hi"))).toBe("hi|")
    expect(shown(returned(after(submitted(typed("hi")), ...keys("more")), "hi"))).toBe("more|")
  })
})

describe("Ctrl-C and Ctrl-D", () => {
  it("end it only when nothing is typed", () => {
    const [c, d] = [key("ctrl-c"), key("ctrl-d")]
    expect(press(emptyComposer, c).effect).toBe("quit")
    expect(press(emptyComposer, d).effect).toBe("quit")
    const cleared = press(typed("hi"), c)
    expect([cleared.effect, shown(cleared.composer)]).toEqual(["none", "|"])
    const deleted = press(after(typed("hi"), key("home")), d)
    expect([deleted.effect, shown(deleted.composer)]).toEqual(["none", "|i"])
  })
})
