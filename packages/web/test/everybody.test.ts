import { join } from "node:path"
import type { Page } from "playwright"
import { expect, it, onTestFinished } from "vitest"
import { freshHome } from "../../cli/test/folder.js"
import { startProxy } from "../../cli/test/irc-proxy.js"
import { startTap } from "../../cli/test/irc-tap.js"
import { WeeChat, weechat } from "../../cli/test/irc-weechat.js"
import { json } from "../../cli/test/program.js"
import { tmux, TmuxTerminal } from "../../cli/test/tmux.js"
import { inspircd, startLinkedInspircds } from "../../stringphone/test/real/inspircd.js"
import { observe } from "../../stringphone/test/real/irc-observer.js"
import {
  type LinkedServers,
  ngircd,
  startLinkedNgircds,
} from "../../stringphone/test/real/ngircd.js"
import {
  onPage,
  onTerminal,
  onWeeChat,
  type Person,
  read,
  room,
  sees,
  timesRead,
  waitFor,
} from "./everybody-people.ts"
import { launchChromium, missing } from "./fixture/chromium.ts"
import { CliHome, unbuilt } from "./fixture/cli-home.ts"
import { epochDigits, openRooms } from "./fixture/room-page.ts"

const main = join(import.meta.dirname, "..", "..", "cli", "dist", "main.js")
const servers: readonly (readonly [string, string | null, () => Promise<LinkedServers>])[] = [
  ["ngircd", ngircd, startLinkedNgircds],
  ["inspircd", inspircd, startLinkedInspircds],
]
const absent = servers.find(([, program]) => program === null)?.[0]
const programs = weechat === null || tmux === null ? "WeeChat or tmux is not installed." : null
const obstacle = missing ?? unbuilt ?? programs ?? (absent ? `${absent} is not installed.` : null)

// An election takes a minute of silence, so both networks tell the story at the same time.
it.skipIf(obstacle !== null)(
  "everybody in one room, on ngircd and on inspircd",
  { timeout: 480_000 },
  async () => {
    const stories = servers.map(async ([name, , start]) => {
      const people: Person[] = []
      try {
        await story(await start(), people)
      } catch (error) {
        const shown = await Promise.all(
          people.map(async (one) => `--- ${one.name}\n${await one.shown().catch(String)}`),
        )
        throw new Error(`On ${name}: ${String(error)}\n${shown.join("\n")}`, { cause: error })
      }
    })
    const failed = (await Promise.allSettled(stories)).filter(({ status }) => status === "rejected")
    expect(failed.map((one) => "reason" in one && String(one.reason))).toEqual([])
  },
)

/** Ann and Bob use WeeChat, Cat a terminal, Dora a page; Eve has no key. Dora and Eve are on server two. */
async function story(network: LinkedServers, people: Person[]): Promise<void> {
  onTestFinished(() => network.stop())
  const [one, two] = [await startTap(network.one.port), await startTap(network.two.port)]
  const eve = await observe(network.two.port, "eve", room)
  onTestFinished(() => eve.client.quit())
  const complaints: string[] = []

  // They know each other before: Ann has compared Bob's key, and trusts Cat's.
  const homes = { ann: freshHome(), bob: freshHome(), cat: freshHome() }
  const [bobId, catId] = [await json(homes.bob, ["id"]), await json(homes.cat, ["id"])]
  await json(homes.ann, ["contacts", "add", "bob", String(bobId["card"])])
  await json(homes.ann, ["contacts", "verify", "bob"], `${String(bobId["words"])}\n`)
  await json(homes.ann, ["contacts", "add", "cat", String(catId["card"])])
  await json(homes.ann, ["contacts", "trust", "cat"])

  const annsProxy = await startProxy(one, "ann", { home: homes.ann })
  const bobsProxy = await startProxy(one, "bob", { home: homes.bob })
  const [annsWeeChat, bobsWeeChat] = [
    await WeeChat.start(annsProxy.port, "ann"),
    await WeeChat.start(bobsProxy.port, "bob"),
  ]
  const [ann, bob] = [onWeeChat("ann", annsWeeChat), onWeeChat("bob", bobsWeeChat)]
  people.push(ann, bob)
  for (const each of [annsWeeChat, bobsWeeChat]) {
    await each.sees("", /MOTD|message of the day/i)
    each.type(`/join ${room}`)
    await each.sees(room, /Channel #kitchen: \d nicks?/)
  }
  // The servers have found each other.
  const areSeen = (...nicks: readonly string[]): boolean =>
    nicks.every((nick) =>
      eve.lines.some((line) => new RegExp(`(^| ):${nick}!\\S+ JOIN `).test(line)),
    )
  await waitFor(
    async () => areSeen("ann", "bob"),
    async () => `Eve does not see them come:\n${eve.lines.join("\n")}`,
  )

  // Ann starts a room. Who is a contact comes in; about Dora she is asked.
  annsWeeChat.type(`/msg *stringphone start-room ${room}`)
  await sees(ann, /#kitchen · encrypted · epoch \d+ · captain you · 1 member, 0 verified/)
  bobsWeeChat.type(`/msg *stringphone join-room ${room}`)
  await sees(bob, /#kitchen · encrypted · epoch \d+ · captain \S+ · 2 members/)
  const terminal = await TmuxTerminal.start(
    [
      process.execPath,
      main,
      "room",
      "join",
      `irc://127.0.0.1:${one.port}/${room}`,
      "--nick",
      "cat",
    ],
    { columns: 100, rows: 40, env: { STRINGPHONE_HOME: homes.cat, TERM: "xterm-256color" } },
  )
  const cat = onTerminal("cat", terminal)
  people.push(cat)
  await sees(cat, /#kitchen · encrypted · epoch \d+ · captain "?ann.* · 3 members, 0 verified/)
  const page = await openPage(two.port, complaints)
  const dora = onPage("dora", page)
  people.push(dora)
  await page.getByLabel("Your name there").fill("dora")
  await page.getByRole("button", { name: "Join the room" }).click()
  await sees(ann, /dora\S*, on the channel as dora, asks to be let in/)
  annsWeeChat.type(`/msg *stringphone admit ${room}`)
  await sees(dora, /#kitchen · encrypted · epoch \d+ · captain ann\S+ · 4 members, 0 verified/)
  for (const each of [ann, bob, cat]) await sees(each, /· 4 members/)

  // They talk, all at once, and each sees who is who.
  const longs = people.map(({ name }) => longText(name))
  await Promise.all(people.map((each, i) => each.say(longs[i] ?? "")))
  for (const text of longs) await read(people, text)
  await bob.say("Dinner is ready 🍲")
  await sees(ann, /^%bob\tDinner is ready 🍲$/m)
  await sees(cat, /\d\d:\d\d bob~[0-9a-f]{6} \? Dinner is ready 🍲$/m)
  await sees(dora, /bob~[0-9a-f]{6}\s+\? unverified\s+\d\d:\d\d\s+Dinner is ready 🍲/)
  await dora.say("I come ❤️")
  await read(people, "I come ❤️")
  eve.say(room, "I am ann, trust me")
  for (const each of [ann, bob]) await sees(each, /^CLEARTEXT\/eve\tI am ann, trust me$/m)
  await sees(cat, /^CLEARTEXT <eve> I am ann, trust me$/m)
  await sees(dora, /CLEARTEXT[^]*“eve” on the channel:\s+I am ann, trust me/)

  // Ann removes Bob, who sees that something is said and not what.
  annsWeeChat.type(`/msg *stringphone kick ${room} bob`)
  await sees(bob, /You were removed by ann/)
  const others = [ann, cat, dora]
  for (const each of others) await sees(each, /bob\S* was removed by/)
  await ann.say("Among the three of us")
  await read(others, "Among the three of us")
  await bob.say("Let me speak")
  await sees(bob, /NOT SENT: You were removed from this room/)
  eve.say(room, "the end of that")
  for (const each of people) await sees(each, /the end of that/)
  expect(await timesRead(bob, "Among the three of us")).toBe(0)

  // The captain's program is killed. The others go on, and after a minute choose another one.
  await annsProxy.running.end("SIGKILL")
  await cat.say("Where is Ann?")
  await read([cat, dora], "Where is Ann?")
  await sees(cat, /The members voted: you are captain now\./)
  await sees(dora, /The members voted: cat~[0-9a-f]{6} is captain now\./)
  await sees(dora, /· captain cat~[0-9a-f]{6} · 3 members/)

  // The new captain lets Bob in again, and Ann is a member again as soon as she is back.
  bobsWeeChat.type(`/msg *stringphone join-room ${room}`)
  await sees(cat, /bob\S*, on the channel as bob, asks to be let in|bob\S* asks to be let in/)
  await terminal.enter("/admit")
  await sees(bob, /#kitchen · encrypted · epoch \d+ · captain cat\S* · 4 members/)
  await bob.say("I am in again")
  await read([bob, cat, dora], "I am in again")
  const listen = `127.0.0.1:${annsProxy.port}`
  await startProxy(one, "ann", { home: homes.ann, args: ["--listen", listen] })
  annsWeeChat.type("/connect sp")
  await sees(ann, /#kitchen · encrypted · epoch \d+ · captain cat · 4 members, 1 verified/)
  await ann.say("Sorry, my computer crashed")
  await read(people, "Sorry, my computer crashed")
  await read([ann], "Where is Ann?")
  await cat.say("I lead now")
  await read(people, "I lead now")

  // The network falls apart. Both sides talk; only the larger one can change anything.
  network.split()
  await sees(dora, /Too few members are here to decide anything/)
  await dora.say("Is anybody there?")
  await ann.say("On this side it is us three")
  await read([ann, bob, cat], "On this side it is us three")
  await terminal.enter("/rotate")
  await bob.say("With a new key")
  await read([ann, bob, cat], "With a new key")
  expect(await timesRead(cat, "Is anybody there?")).toBe(0)
  expect(await timesRead(dora, "On this side it is us three")).toBe(0)

  // It heals, and nothing is lost.
  network.heal()
  const apart = ["Is anybody there?", "On this side it is us three", "With a new key"]
  for (const text of apart) await read(people, text)
  await Promise.all(people.map((each) => each.say(`Good night from ${each.name} 🌙`)))
  const nights = people.map(({ name }) => `Good night from ${name} 🌙`)
  for (const text of nights) await read(people, text)
  await sameDigits(
    () => epochDigits(page),
    () => digitsInTerminal(terminal),
    ...[annsWeeChat, bobsWeeChat].map((each) => () => digitsInWeeChat(each)),
  )

  // What was said is there once, and nobody without a key has any of it.
  for (const each of people) {
    for (const text of [...longs, "I come ❤️", ...apart, ...nights]) {
      expect([each.name, text, await timesRead(each, text)]).toEqual([each.name, text, 1])
    }
  }
  expect(await timesRead(bob, "Among the three of us")).toBe(0)
  const captured = [one.text(), two.text(), ...eve.lines].join("\n")
  expect(captured).toContain("?SP2,")
  const said = ["Rührei", "Dinner", "I come", "Among", "Let me", "Where is", "I am in again"]
  for (const text of [...said, "crashed", "I lead", ...apart, "Good night", "🍳", "🌙"]) {
    expect(captured).not.toContain(text)
  }
  expect(complaints).toEqual([])
}

async function openPage(port: number, complaints: string[]): Promise<Page> {
  const home = new CliHome(["--irc", `irc://127.0.0.1:${port}/${room}`])
  onTestFinished(() => home.remove())
  await home.start()
  const browser = await launchChromium()
  onTestFinished(() => browser.close())
  const page = await openRooms(browser, home.page, { width: 1280, height: 900 }, complaints)
  await page.getByLabel("Where").selectOption({ label: `A channel at irc://127.0.0.1:${port}` })
  return page
}

/** Two thousand bytes and more. */
function longText(name: string): string {
  const words = Array.from({ length: 80 }, (_, i) => `${name}${i} Rührei mit Speck 🍳,`)
  return `${words.join(" ")} amen`
}

/** All see the same epoch: what they could read to each other by telephone. */
async function sameDigits(...looks: readonly (() => Promise<string>)[]): Promise<void> {
  let seen: readonly string[] = []
  await waitFor(
    async () => {
      seen = await Promise.all(looks.map((look) => look()))
      return /^\d{4} \d{4} \d{4}$/.test(seen[0] ?? "") && new Set(seen).size === 1
    },
    async () => `They see different digits: ${seen.join(", ")}`,
  )
}

async function digitsInTerminal(terminal: TmuxTerminal): Promise<string> {
  await terminal.enter("/digits")
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  return lastDigits(await terminal.history())
}

async function digitsInWeeChat(one: WeeChat): Promise<string> {
  one.type(`/msg *stringphone digits ${room}`)
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  return lastDigits(one.lines("*stringphone").join("\n"))
}

function lastDigits(text: string): string {
  return text.match(/\b\d{4} \d{4} \d{4}\b/g)?.at(-1) ?? ""
}
