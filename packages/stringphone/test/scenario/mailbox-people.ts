// People with mailboxes, an archive of all envelopes, and days that pass as the test says.
import { hash } from "../../src/crypto/index.js"
import { utf8 } from "../../src/bytes/index.js"
import { Identity } from "../../src/identity/index.js"
import { type Draft, Mailbox, type Opened, type RandomBytes } from "../../src/mailbox/index.js"
import { readAddressText } from "../../src/mailbox/index.js"

/** Random enough for tests, and the same each time. */
export function seededRandom(seed: string): RandomBytes {
  let counter = 0
  return (length) => {
    const out = new Uint8Array(length)
    for (let at = 0; at < length; at += 32) {
      out.set(hash(utf8(`${seed} ${counter++}`)).subarray(0, length - at), at)
    }
    return out
  }
}

export class Writer {
  readonly identity: Identity
  readonly random: RandomBytes
  mailbox: Mailbox
  today: number

  constructor(name: string, today = 20_000) {
    this.identity = new Identity(hash(utf8(name)))
    this.random = seededRandom(name)
    this.today = today
    this.mailbox = new Mailbox(this.identity, today, this.random)
  }

  get key(): Uint8Array {
    return this.identity.publicKey
  }

  write(
    to: readonly (Writer | string)[],
    text: string,
    how: Partial<Draft> = {},
  ): readonly Uint8Array[] {
    const receivers = to.map((one) => (one instanceof Writer ? one.key : readAddressText(one)))
    return this.mailbox.write({ ...how, to: receivers, text }, this.today).envelopes
  }

  open(envelopes: readonly Uint8Array[]): readonly Opened[] {
    return envelopes.map((one) => this.mailbox.open(one, this.today)).filter((one) => one !== null)
  }

  texts(envelopes: readonly Uint8Array[]): readonly string[] {
    return this.open(envelopes).map(({ text }) => text)
  }

  /** The program ends and begins again. */
  restart(): void {
    this.mailbox = Mailbox.restore(this.mailbox.save(), this.identity, this.random)
  }
}

/** They know each other by an invitation of the first one, and have written to each other. */
export function acquainted(a: Writer, b: Writer): void {
  const invitation = a.mailbox.invite(a.today + 28)
  a.open(b.write([invitation], "hello"))
  b.open(a.write([b], "hello yourself"))
}

export function pass(days: number, ...people: readonly Writer[]): void {
  for (const person of people) {
    person.today += days
    person.mailbox.move(person.today)
  }
}
