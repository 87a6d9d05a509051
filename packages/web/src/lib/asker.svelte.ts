import type { PairingDecision, PairingOutcome, PairingRequest } from "stringphone"
import { sentenceOf } from "./sentence.ts"

/** How far somebody who is to be decided about has got. */
export type AskerStage =
  /** Our person has not said anything yet. */
  | "deciding"
  /** Ours said yes, or a code did; the other side is waited for. */
  | "waiting"
  | "over"

/** The other side of one pairing, as this page shows it. */
export class Asker {
  readonly request: PairingRequest
  stage = $state<AskerStage>("deciding")
  outcome = $state.raw<PairingOutcome | null>(null)
  /** Why a decision could not be taken. */
  failure = $state<string | null>(null)

  constructor(request: PairingRequest) {
    this.request = request
    if (request.isProven) this.stage = "waiting"
    void request.outcome.then((outcome) => {
      this.outcome = outcome
      this.stage = "over"
    })
  }

  /** Only ever called because a person pressed a button that says that both sides show the same. */
  async confirm(decision: PairingDecision): Promise<void> {
    this.stage = "waiting"
    this.failure = null
    try {
      await this.request.confirm(decision)
    } catch (error) {
      this.failure = sentenceOf(error)
      this.stage = this.outcome ? "over" : "deciding"
    }
  }

  refuse(): void {
    this.request.refuse()
  }
}
