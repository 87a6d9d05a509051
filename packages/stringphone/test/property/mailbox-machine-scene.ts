// Several people, every envelope that there ever was, and what each of them must have seen of it.
import { expect } from "vitest"
import { hex, PeerError, sameBytes, UsageError } from "../../src/bytes/index.js"
import {
  type Authorship,
  checkEnvelope,
  lives,
  Mailbox,
  periodOf,
  readAddressText,
} from "../../src/mailbox/index.js"
import { Writer } from "../scenario/mailbox-people.js"

export type Step =
  | ({ readonly do: "write"; readonly from: number; readonly to: readonly number[] } & Wish)
  | { readonly do: "burst"; readonly from: number; readonly to: number; readonly count: number }
  | { readonly do: "arrive"; readonly at: number; readonly which: number }
  | { readonly do: "days"; readonly days: number }
  | { readonly do: "clock"; readonly of: number; readonly off: number }
  | { readonly do: "restart" | "copy" | "go back"; readonly of: number }
  | { readonly do: "forget"; readonly of: number; readonly whom: number }

interface Wish {
  readonly life: number
  readonly authorship: Authorship
  readonly isInvited: boolean
  /** To an address, although there may be a pair. */
  readonly isAnew: boolean
}

/** How a receiver recognises a letter. */
type Way =
  | { readonly by: "pair"; readonly pair: string; readonly period: number; readonly number: number }
  | { readonly by: "introduction"; readonly firstPeriod: number; readonly lastDay: number }
  | { readonly by: "nothing"; readonly lastDay: number }

interface Letter {
  readonly text: string
  readonly from: Person
  readonly isAnonymous: boolean
  readonly authorship: Authorship
  readonly ways: ReadonlyMap<Person, Way>
  /** Who has several pairs with the writer: it may be read by any of its envelopes. */
  readonly severals: ReadonlySet<Person>
}
interface Mail {
  readonly letter: Letter
  readonly bytes: Uint8Array
  readonly day: number
  readonly readers: ReadonlySet<Person>
}

export class Person extends Writer {
  readonly store = new Set<Mail>()
  shown: Set<Letter> = new Set()
  /** Forgotten by one of the two: nothing is promised between them any more. */
  readonly estranged = new Set<Person>()
  /** Of the address that we used last, per person who owns it. */
  readonly doors = new Map<Person, number>()
  /** The highest number that came, per pair and period. */
  highest: Map<string, number> = new Map()
  /** Numbers of slots, each for one letter. [MAILBOX-2-2] */
  readonly used = new Set<string>()
  latestDay = this.today
  off = 0
  #copy: {
    saved: Uint8Array
    shown: Set<Letter>
    highest: Map<string, number>
    day: number
  } | null = null

  /** A copy of the device, and what it has shown by then. */
  copy(): void {
    const { shown, highest, latestDay } = this
    const saved = this.mailbox.save()
    this.#copy = { saved, shown: new Set(shown), highest: new Map(highest), day: latestDay }
  }

  /** It is put back: it reads again, and uses numbers again. */
  goBack(): void {
    if (!this.#copy) return
    const { saved, shown, highest, day } = this.#copy
    this.mailbox = Mailbox.restore(saved, this.identity, this.random)
    if (this.mailbox.move(this.today) === "leapt") this.mailbox.confirmDate(this.today)
    this.shown = new Set(shown)
    this.highest = new Map(highest)
    this.used.clear()
    this.latestDay = Math.max(day, this.today)
  }

  setClock(today: number): void {
    this.today = today
    this.latestDay = Math.max(this.latestDay, today)
    expect(this.mailbox.move(today)).toBe("moved")
    for (const mail of this.store) if (mail.day < today) this.store.delete(mail)
  }
}

export class Scene {
  readonly people: readonly Person[]
  readonly mails: Mail[] = []
  readonly mayMeet: boolean
  #daysLeft: number
  #day = 20_000
  #letters = 0

  constructor(names: readonly string[], options: { mayMeet: boolean; days: number }) {
    this.people = names.map((name) => new Person(name, this.#day))
    this.mayMeet = options.mayMeet
    this.#daysLeft = options.days
  }

  person(index: number): Person {
    return this.people[index % this.people.length]!
  }

  run(step: Step): void {
    if (step.do === "write") this.#write(step)
    if (step.do === "burst") this.#burst(step)
    if (step.do === "arrive" && this.mails.length > 0) {
      this.#arrive(this.person(step.at), this.mails[step.which % this.mails.length]!)
    }
    if (step.do === "days") this.#pass(step.days)
    if (step.do === "clock") {
      const person = this.person(step.of)
      this.#searchAll()
      person.off = step.off
      person.setClock(this.#day + step.off)
    }
    if (step.do === "restart") restart(this.person(step.of))
    if (step.do === "copy") this.person(step.of).copy() // Who was met since is lost.
    if (step.do === "go back" && !this.mayMeet) this.person(step.of).goBack()
    if (step.do === "forget") this.#forget(this.person(step.of), this.person(step.whom))
  }

  /** Whatever has not expired reaches everybody, and everybody searches: nobody misses what is its own. */
  end(): void {
    for (const mail of this.mails) for (const person of this.people) this.#arrive(person, mail)
    this.#searchAll()
  }

  #pass(days: number): void {
    this.#searchAll()
    this.#day += Math.min(days, this.#daysLeft)
    this.#daysLeft -= Math.min(days, this.#daysLeft)
    for (const person of this.people) person.setClock(this.#day + person.off)
  }

  #write(step: Extract<Step, { do: "write" }>): void {
    const from = this.person(step.from)
    const others = [...new Set(step.to.map((i) => this.person(i)))].filter((one) => one !== from)
    if (others.length === 0) return
    const isAnonymous = step.authorship === "anonymous"
    if (isAnonymous && !this.mayMeet) return
    const text = `letter ${this.#letters++}`
    const how = { authorship: step.authorship, life: lives[step.life % lives.length]! }
    const anew = new Set(step.isAnew || isAnonymous ? others : [])
    for (;;) {
      const to = others.map((one) =>
        anew.has(one)
          ? readAddressText(this.#address(one, from, step.isInvited && !isAnonymous))
          : one.key,
      )
      try {
        const { envelopes } = from.mailbox.write({ ...how, to, text }, from.today)
        const ways = new Map(others.map((one) => [one, wayTo(from, one, isAnonymous)]))
        const severals = new Set(isAnonymous ? [] : others.filter((one) => hasSeveral(from, one)))
        const { authorship } = step
        const letter = { text, from, isAnonymous, authorship, ways, severals }
        // An envelope for each who does not know the writer yet, and one for all others.
        const isShared = (one: Person): boolean => ways.get(one)!.by === "pair"
        const groups = others.filter((one) => !isShared(one)).map((one) => [one])
        const shared = others.filter(isShared)
        if (shared.length > 0) groups.push(shared)
        // And one for each other pair with a receiver, whose device may be the one that is left.
        if (severals.size === 0) expect(envelopes).toHaveLength(groups.length)
        else expect(envelopes.length).toBeGreaterThan(groups.length - 1)
        for (const [i, bytes] of envelopes.entries()) {
          const day = checkEnvelope(bytes)!.day
          const readers = new Set(severals.size === 0 ? groups[i] : others)
          this.mails.push({ letter, bytes, day, readers })
        }
        return
      } catch (error) {
        const codes = ["no-pair", "expired-address"]
        if (!(error instanceof UsageError) || !codes.includes(error.code)) throw error
        if (!this.mayMeet || anew.size === others.length) return
        for (const one of others) anew.add(one)
      }
    }
  }

  #burst({ from, to, count }: Extract<Step, { do: "burst" }>): void {
    const wish = { life: 3, authorship: "deniable", isInvited: true, isAnew: false } as const
    for (let i = 0; i < count; i++) this.#write({ do: "write", from, to: [to], ...wish })
  }

  #address(owner: Person, writer: Person, isInvited: boolean): string {
    const { mailbox, today } = owner
    const text = isInvited ? mailbox.invite(today + 28) : mailbox.publicAddress(today)
    writer.doors.set(owner, readAddressText(text).lastDay)
    return text
  }

  #arrive(person: Person, mail: Mail): void {
    if (mail.day < person.today) return
    person.store.add(mail)
    look(person, mail)
  }

  #forget(person: Person, whom: Person): void {
    if (person === whom) return
    person.mailbox.forget(whom.key)
    expect(person.mailbox.pairWith(whom.key)).toBeNull()
    person.estranged.add(whom)
    whom.estranged.add(person)
  }

  #searchAll(): void {
    for (const person of this.people) {
      let before: number
      do {
        before = person.shown.size
        for (const mail of person.store) look(person, mail)
      } while (person.shown.size > before)
      for (const mail of person.store) expectShown(person, mail)
    }
  }
}

/** Also whether the state comes back as it was. */
function restart(person: Person): void {
  const saved = person.mailbox.save()
  const tags = person.mailbox.tagCount
  person.mailbox = Mailbox.restore(saved, person.identity, person.random)
  expect(sameBytes(person.mailbox.save(), saved)).toBe(true)
  expect(person.mailbox.tagCount).toBe(tags)
}

function wayTo(from: Person, to: Person, isAnonymous: boolean): Way {
  const lastDay = from.doors.get(to) ?? 0
  if (isAnonymous) return { by: "nothing", lastDay }
  const pair = from.mailbox.pairWith(to.key)!
  if (pair.first) return { by: "introduction", firstPeriod: pair.firstPeriod, lastDay }
  const { period, next } = pair.sending
  const way = { by: "pair", pair: hex(pair.authorshipKey), period, number: next - 1 } as const
  const name = `${way.pair} ${period} ${way.number}`
  if (hasSeveral(from, to)) return way
  expect(from.used.has(name)).toBe(false)
  from.used.add(name)
  return way
}

/** Whatever is shown is shown rightly: once, to whom it is addressed, and by whom it was written. */
function look(person: Person, { letter, bytes, readers }: Mail): void {
  const isRecognised = person.mailbox.isOurs(bytes)
  const way = readers.has(person) ? letter.ways.get(person) : null
  const opened = attempt(person, bytes)
  if (!way || opened === null) return expect(opened).toBeNull()
  if (typeof opened === "string") {
    // A clock that is two weeks ahead, or a contact that was deleted.
    const isForgotten = opened === "forgotten" && person.estranged.has(letter.from)
    return expect(isForgotten || opened === "wrong-date" ? "refused" : opened).toBe("refused")
  }
  expect(person.shown.has(letter)).toBe(false)
  person.shown.add(letter)
  const { text, authorship, senderKey, via } = opened
  expect(text).toBe(letter.text)
  expect(authorship).toBe(letter.authorship)
  expect(senderKey).toEqual(letter.isAnonymous ? null : letter.from.key)
  if (letter.severals.size > 0) return
  expect(via === "pair").toBe(way.by === "pair")
  expect(isRecognised).toBe(via !== "address")
  if (way.by !== "pair") return
  const name = `${way.pair} ${way.period}`
  person.highest.set(name, Math.max(person.highest.get(name) ?? -1, way.number))
}

function attempt(person: Person, bytes: Uint8Array): ReturnType<Mailbox["open"]> | string {
  try {
    return person.mailbox.open(bytes, person.today)
  } catch (error) {
    if (error instanceof PeerError) return error.code
    throw error
  }
}

/** Everything in a store that was searched is shown, if its keys are there. [MAILBOX-2-5, 3-5] */
function expectShown(person: Person, { letter, readers }: Mail): void {
  const way = letter.ways.get(person)
  if (!way || !readers.has(person) || person.shown.has(letter)) return
  if (letter.severals.size > 0) return
  if (person.estranged.has(letter.from) && !letter.isAnonymous) return
  const now = periodOf(person.latestDay)
  const isThere = {
    pair: () => {
      const { pair, period, number } = way as Extract<Way, { by: "pair" }>
      const highest = person.highest.get(`${pair} ${period}`) ?? -1
      return period >= now - 4 && period <= now + 1 && number <= highest + 32
    },
    introduction: () => {
      const { firstPeriod, lastDay } = way as Extract<Way, { by: "introduction" }>
      const isDated = firstPeriod >= now - 9 && firstPeriod <= now + 1
      return isDated && person.latestDay <= lastDay + 28
    },
    nothing: () => person.latestDay <= (way as Extract<Way, { by: "nothing" }>).lastDay + 28,
  }[way.by]()
  expect(isThere ? `${letter.text} is missed` : "nothing is missed").toBe("nothing is missed")
}

/** Pairs with one person: a letter goes by each under which it may be read. [MAILBOX-3-7] */
function hasSeveral(from: Person, to: Person): boolean {
  return from.mailbox.pairs.filter((pair) => sameBytes(pair.peerKey, to.key)).length > 1
}
