import type { Page } from "playwright"
import type { TmuxTerminal } from "../../cli/test/tmux.js"
import type { WeeChat } from "../../cli/test/irc-weechat.js"
import { log, say } from "./fixture/room-page.ts"

export const room = "#kitchen"

/** Somebody with a program of their choice: what they type, and what stands before them. */
export interface Person {
  readonly name: string
  say(text: string): Promise<void>
  /** As their program shows it. */
  shown(): Promise<string>
  /** What was said, without blanks and without what a program puts before a row of it. */
  heard(): Promise<string>
}

export function onWeeChat(name: string, weechat: WeeChat): Person {
  return {
    name,
    say: async (text) => weechat.type(text, room),
    shown: async () => weechat.lines(room).join("\n"),
    heard: async () =>
      bare(
        weechat
          .lines(room)
          .map((line) => line.replace(/^[^\t]*\t/, ""))
          .join(""),
      ),
  }
}

export function onTerminal(name: string, terminal: TmuxTerminal): Person {
  return {
    name,
    async say(text) {
      await terminal.paste(text)
      await terminal.press("Enter")
    },
    shown: () => terminal.history(),
    heard: async () => bare((await terminal.history()).replace(/\n *│ /g, "")),
  }
}

export function onPage(name: string, page: Page): Person {
  return {
    name,
    say: (text) => say(page, text),
    shown: () => page.locator("main").innerText(),
    async heard() {
      if ((await log(page).count()) === 0) return ""
      const folded = log(page).getByRole("button", { name: /^Show all/ })
      while ((await folded.count()) > 0) await folded.first().click()
      return bare(await log(page).innerText())
    },
  }
}

export function bare(text: string): string {
  return text.replace(/\s/g, "")
}

/** Waits until somebody sees it; two minutes, for an election takes one. */
export async function sees(person: Person, pattern: RegExp): Promise<void> {
  await waitFor(
    async () => pattern.test(await person.shown()),
    async () => `${person.name} does not see ${pattern.source}`,
  )
}

/** Waits until all of them have read it. */
export async function read(people: readonly Person[], text: string): Promise<void> {
  for (const person of people) {
    await waitFor(
      async () => (await person.heard()).includes(bare(text)),
      async () => `${person.name} does not read ${text.slice(0, 60)}`,
    )
  }
}

/** How often it stands there. */
export async function timesRead(person: Person, text: string): Promise<number> {
  return (await person.heard()).split(bare(text)).length - 1
}

export async function waitFor(
  isDone: () => Promise<boolean>,
  complaint: () => Promise<string>,
): Promise<void> {
  const deadline = Date.now() + 120_000
  while (!(await isDone())) {
    if (Date.now() > deadline) throw new Error(await complaint())
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}
