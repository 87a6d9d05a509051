import { concat, PeerError, sameBytes, u32, UsageError } from "../../bytes/index.js"
import type { DayTable } from "./day-table.js"
import { Findings } from "./findings.js"
import { reconcileKeyBytes } from "./key.js"
import { Outbox } from "./outbox.js"
import { OwnDays } from "./own-days.js"
import { Questions } from "./questions.js"
import type { ReconcileIndex } from "./reconcile-index.js"
import { repliesTo } from "./replies.js"
import { isQuestion } from "./wire/answers.js"
import { type Days, lastDay } from "./wire/days.js"
import { maxMessageLength } from "./wire/head.js"
import { decodeMessage, type Message } from "./wire/message.js"

const leastMessageBytes = 2_048

export interface ReconcileOptions {
  readonly index: ReconcileIndex
  /** 32 bytes, of `deriveReconcileKey`. */
  readonly key: Uint8Array
  readonly isInitiator: boolean
  /** Of each message, 2,048 to 65,535; 60,000 unless set. */
  readonly maxMessageBytes?: number
  /** Days before it are neither offered nor wanted; 0 unless set. */
  readonly fromDay?: number
  /**
   * How many bytes may be spent to save half a round trip; 12,000 unless set. 0: fewest bytes;
   * Infinity: fewest round trips.
   */
  readonly turnBytes?: number
  /** Of all messages that are taken from the other side; 64 MiB unless set. */
  readonly maxReceivedBytes?: number
}

export interface ReconcileStep {
  /** To the other side, in this order. */
  readonly send: readonly Uint8Array[]
  /** IDs of items, 32 bytes each, that the other side turned out to lack just now. */
  readonly missingThere: readonly Uint8Array[]
  /** Both sides know what to send each other. */
  readonly isDone: boolean
  /**
   * `false`: done, but some difference was overlooked, by a chance of less than one in ten thousand.
   * Another session, with another key, finds it.
   */
  readonly isExact: boolean
}

/**
 * One side of a session that finds what two hubs lack of each other's items, spec/mailbox-sync.md §1.
 * Messages arrive whole and in order; after a lost connection `resume` goes on. Each side learns what
 * the other lacks, and is the one to send it.
 *
 * @example
 * const items = (numbers: number[]) =>
 *   numbers.map((number) => ({ day: 20_000, id: new Uint8Array(32).fill(number) }))
 * const key = deriveReconcileKey(new Uint8Array(16).fill(1), new Uint8Array(16).fill(2))
 * const ours = ReconcileIndex.of(items([1, 2, 3]))
 * const theirs = ReconcileIndex.of(items([2, 3, 4, 5]))
 * const we = new Reconciliation({ index: ours, key, isInitiator: true })
 * const they = new Reconciliation({ index: theirs, key, isInitiator: false })
 *
 * const [first] = we.start()
 * const second = they.receive(first!)
 * const third = we.receive(second.send[0]!)
 * third.missingThere.map(([number]) => number) // → [1]
 * const fourth = they.receive(third.send[0]!)
 * fourth.missingThere.map(([number]) => number).sort() // → [4, 5]
 */
export class Reconciliation {
  readonly #own: OwnDays
  readonly #fromDay: number
  readonly #turnBytes: number
  readonly #questions = new Questions()
  readonly #outbox: Outbox
  readonly #opened = new Set<DayTable>()
  #bytesLeft: number
  #received = 0
  /** The responder's: up to here the initiator has told its days; `null`: nothing yet. */
  #toldThrough: number | null = null
  #hasAllDays: boolean
  #phase: "new" | "running" | "done"
  #check: Uint8Array | null = null
  #isExact = true

  /** @throws {UsageError} `bad-options` */
  constructor(options: ReconcileOptions) {
    const { index, key, isInitiator, maxMessageBytes = 60_000, fromDay = 0 } = options
    if (key.length !== reconcileKeyBytes) throw badOptions("The key has 32 bytes.")
    if (!(maxMessageBytes >= leastMessageBytes && maxMessageBytes <= maxMessageLength)) {
      throw badOptions("maxMessageBytes is 2,048 to 65,535.")
    }
    if (!Number.isInteger(fromDay) || fromDay < 0 || fromDay > 0xffff) {
      throw badOptions("fromDay is a whole number from 0 to 65,535.")
    }
    this.#own = new OwnDays(index, key, fromDay)
    this.#fromDay = fromDay
    this.#turnBytes = options.turnBytes ?? 12_000
    this.#bytesLeft = options.maxReceivedBytes ?? 67_108_864
    this.#outbox = new Outbox(maxMessageBytes)
    this.#hasAllDays = isInitiator
    this.#phase = isInitiator ? "new" : "running"
  }

  /** How many messages of the other side were taken; it goes to the other side's `resume`. */
  get received(): number {
    return this.#received
  }

  get isDone(): boolean {
    return this.#phase === "done"
  }

  /**
   * The initiator's first messages.
   * @throws {UsageError} `wrong-order`: called twice, or by the responder
   */
  start(): readonly Uint8Array[] {
    if (this.#phase !== "new") {
      throw new UsageError("wrong-order", "Only the initiator starts a reconciliation, and once.")
    }
    const days = this.#own.between(0, 0xffff)
    const fingerprints = days.map((day) => ({ day, fingerprint: this.#own.fingerprint(day) }))
    const messages = this.#outbox.packDays(this.#fromDay, fingerprints, 0)
    this.#outbox.keep(messages)
    this.#questions.put(days.map((day) => ({ kind: "day", day })))
    this.#phase = "running"
    return messages
  }

  /**
   * After another connection was made, in the same session: what the other side did not get.
   *
   * @param received how many of our messages the other side took, its `received`
   * @throws {PeerError} `malformed`: it can not have so many, or had more before
   */
  resume(received: number): readonly Uint8Array[] {
    this.#outbox.requireSent(received)
    return this.#outbox.after(received)
  }

  /**
   * A message that came again changes nothing. After a throw the session is as before; who sends such
   * a thing will hardly go on, so better end it.
   *
   * @throws {PeerError} `malformed`, `too-much`
   * @throws {UsageError} `wrong-order`: the initiator has not started
   */
  receive(bytes: Uint8Array): ReconcileStep {
    if (this.#phase === "new") {
      throw new UsageError("wrong-order", "Start the reconciliation before it receives.")
    }
    const message = decodeMessage(bytes)
    const { number, received } = message.head
    if (number < this.#received) return this.#step([], []) // [SYNC-1-15]
    if (number > this.#received) throw malformed("A message before it is missing.") // [SYNC-1-15]
    this.#outbox.requireSent(received)
    if (bytes.length > this.#bytesLeft) {
      throw new PeerError("too-much", "It sent more than a session may take. End the session.") // [SYNC-1-17]
    }
    const findings = new Findings(this.#own)
    if (message.kind === "days") this.#readDays(message.days, findings)
    else this.#readAnswers(message, findings)
    return this.#take(message, findings, bytes.length)
  }

  #readDays(days: Days, findings: Findings): void {
    const isNext = this.#toldThrough === null || days.fromDay === this.#toldThrough + 1
    if (this.#hasAllDays || !isNext) throw malformed("These days are not due.") // [SYNC-1-12]
    findings.readDays(days)
  }

  #readAnswers({ answers, check }: Message & { kind: "answers" }, findings: Findings): void {
    // Both may close at once; nothing else comes after the end. [SYNC-1-18]
    if (this.#phase === "done" && check === null) throw malformed("The session is over.")
    findings.readAnswers(answers, this.#questions)
    if (check === null) {
      if (findings.answered === 0) throw malformed("It answers nothing.") // [SYNC-1-14]
      return
    }
    const isLast = this.#hasAllDays && findings.answered === this.#questions.count
    const asks = answers.given.some(({ answer }) => isQuestion(answer))
    if (!isLast || asks) throw malformed("It closes a session that is not at its end.") // [SYNC-1-18]
  }

  /** From here on nothing throws. */
  #take(message: Message, findings: Findings, length: number): ReconcileStep {
    this.#received++
    this.#bytesLeft -= length
    this.#outbox.acknowledge(message.head.received)
    this.#questions.drop(findings.answered)
    for (const table of findings.opened) this.#opened.add(table)
    const missingThere = findings.missingDays.flatMap((day) => [...this.#own.idsOf(day)])
    for (const [table, position] of findings.missing) {
      table.markMissing(position)
      missingThere.push(table.id(position))
    }
    if (message.kind === "days") {
      this.#toldThrough = message.days.throughDay
      this.#hasAllDays = message.days.throughDay === lastDay
    } else if (message.check !== null) {
      this.#isExact = sameBytes(message.check, this.#check ?? this.#sumOfCommon())
      this.#phase = "done"
      return this.#step([], missingThere)
    }
    return this.#step(this.#answer(findings), missingThere)
  }

  #answer(findings: Findings): readonly Uint8Array[] {
    const { replies, questions } = repliesTo(findings.found, this.#turnBytes)
    this.#questions.put(questions)
    if (this.#hasAllDays && this.#questions.count === 0) {
      this.#check = this.#sumOfCommon() // [SYNC-1-18]
      this.#phase = "done"
    }
    const messages = this.#outbox.packAnswers(replies, this.#received, this.#check)
    this.#outbox.keep(messages)
    return messages
  }

  #sumOfCommon(): Uint8Array {
    let [high, low] = [0, 0]
    for (const table of this.#opened) {
      const [tableHigh, tableLow] = table.sumOfCommon()
      const sum = low + tableLow
      low = sum >>> 0
      high = (high + tableHigh + (sum > 0xffff_ffff ? 1 : 0)) >>> 0
    }
    return concat(u32(high), u32(low))
  }

  #step(send: readonly Uint8Array[], missingThere: readonly Uint8Array[]): ReconcileStep {
    return { send, missingThere, isDone: this.isDone, isExact: this.#isExact }
  }
}

function malformed(problem: string): PeerError {
  return new PeerError("malformed", `Malformed reconciliation: ${problem} End the session.`)
}

function badOptions(problem: string): UsageError {
  return new UsageError("bad-options", problem)
}
