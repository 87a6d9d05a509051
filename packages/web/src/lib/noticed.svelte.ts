import type { TopicEvent, TopicSender } from "stringphone"
import { gapText } from "./events.ts"
import { Heard } from "./heard.ts"
import { rejectionText } from "./rejection.ts"

/** Something on the line that was not as it should be. */
export interface Incident {
  readonly id: number
  readonly atMs: number
  /** As in `replayed`; `missing`; `away`: missing perhaps, or as this phone was not there. */
  readonly code: string
  readonly sentence: string
  /** Whom a refused message names as its sender, by key. Not proven. */
  readonly claimed: Uint8Array | null
}

const maxIncidents = 100

/** What the page noticed of those who meddle with the line, newest first. */
export class Noticed {
  all = $state.raw<readonly Incident[]>([])
  /** How many nobody has looked at yet. */
  unseen = $state(0)
  #nextId = 1
  /** What is missing of those whom we have not heard yet was sent while we were away. */
  readonly #heard = new Heard()

  rejected({ claimed, code, message }: Extract<TopicEvent, { kind: "rejected" }>): void {
    const sentence = rejectionText(code, message)
    this.#add({ code, sentence, claimed: claimed?.publicKey ?? null })
  }

  /** @returns a sentence, if something is missing for certain, and we were there */
  gap(event: Extract<TopicEvent, { kind: "gap" }>, name: string): string | null {
    const { publicKey } = event.from
    const sentence = gapText(event, name)
    const wasThere = this.#heard.has(publicKey)
    this.#heard.add(publicKey)
    const isExplained = wasThere || event.atRemoval
    if (wasThere && event.missing > 0 && !event.atRemoval) {
      this.#add({ code: "missing", sentence, claimed: null })
      return sentence
    }
    const why = isExplained
      ? sentence
      : `${sentence} This phone was not there, or its line was down.`
    this.#add({ code: "away", sentence: why, claimed: null }, false)
    return null
  }

  heard({ publicKey }: TopicSender): void {
    // Later: the gap before this message is told after it.
    setTimeout(() => this.#heard.add(publicKey))
  }

  lineIsUp(): void {
    this.#heard.clear()
  }

  seen(): void {
    this.unseen = 0
  }

  #add(incident: Pick<Incident, "code" | "sentence" | "claimed">, counts = true): void {
    const next = { ...incident, id: this.#nextId++, atMs: Date.now() }
    this.all = [next, ...this.all].slice(0, maxIncidents)
    if (counts) this.unseen += 1
  }
}
