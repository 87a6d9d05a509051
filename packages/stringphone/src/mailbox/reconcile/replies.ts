import { type Range, placeBits } from "./day-table.js"
import type { Finding } from "./findings.js"
import type { Reply } from "./outbox.js"
import { isListingBetter, type Plan, planDay, planRange } from "./plan.js"
import type { Question } from "./questions.js"

/** What to answer, and what we thereby ask. */
export interface Replies {
  readonly replies: readonly Reply[]
  readonly questions: readonly Question[]
}

/** @param turnBytes what one message less on the way is worth */
export function repliesTo(found: readonly Finding[], turnBytes: number): Replies {
  const plans = new Map<Finding, Plan>()
  for (const finding of found) {
    if (finding.kind === "range") plans.set(finding, planOf(finding))
  }
  const isListed = isListingBetter([...plans.values()], turnBytes)
  const replies: Reply[] = []
  const questions: Question[] = []
  for (const finding of found) {
    if (finding.kind === "range") {
      const bits = isListed ? 0 : (plans.get(finding)?.bits ?? 0)
      replies.push(
        bits === 0 ? list(finding.range, questions) : split(finding.range, bits, questions),
      )
    } else if (finding.kind === "nothing") replies.push({ kind: "list", shortIds: [] })
    else replies.push(finding)
  }
  return { replies, questions }
}

function planOf({ range, differences }: Finding & { kind: "range" }): Plan {
  const items = range.to - range.from
  return differences === null
    ? planDay(items)
    : planRange(items, differences, placeBits - range.bits)
}

function list({ table, from, to }: Range, questions: Question[]): Reply {
  const shortIds: number[] = []
  for (let position = from; position < to; position++) shortIds.push(table.shortId(position))
  questions.push({ kind: "list", table, from, to })
  return { kind: "list", shortIds }
}

function split(range: Range, bits: number, questions: Question[]): Reply {
  const parts = range.table.split(range, bits)
  for (const part of parts) questions.push({ kind: "range", range: part })
  return { kind: "split", fingerprints: parts.map((part) => range.table.fingerprint(part)) }
}
