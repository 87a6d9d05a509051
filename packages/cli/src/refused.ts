import { countOf } from "./wording.js"

/** What was refused, in words: `2 messages in the name of bob refused: repeated`. */
export function refusedText(code: string, count: number, claimed: string | null): string {
  const messages = countOf(count, "message")
  const whose = claimed === null ? "" : ` in the name of ${claimed}`
  return `${messages}${whose} refused: ${because(code)}`
}

function because(code: string): string {
  switch (code) {
    case "replayed":
      return "repeated by somebody"
    case "not-authentic":
    case "bad-signature":
      return "altered or forged"
    case "stale":
      return "too late"
    case "from-the-future":
      return "sent in the future by its clock, or by ours"
    case "malformed":
      return "not of String phone"
    case "removed-participant":
      return "of somebody who was removed"
    case "revoked-contact":
      return "of a contact that you revoked; remove it from the topic, too"
    case "resynchronising":
      return "may be older than our saved state"
    case "not-an-admin":
      return "only an admin may do that"
    case "old-rekey":
      return "of a key that is over"
    case "dropped":
      return "too many came at once"
    default:
      return code
  }
}
