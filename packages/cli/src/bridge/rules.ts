import { hex } from "stringphone/bytes"
import { petnameKey, trustOf } from "stringphone/identity"
import type { ReceivedMessage } from "stringphone"
import type { CommandRule, Whom } from "./config.js"
import { matchesAny } from "./filter.js"

/** Who said something, as the session knows it. */
export type Sender = Pick<ReceivedMessage, "from" | "status">

export type Decision =
  | { readonly isAllowed: true; readonly retain: boolean }
  | { readonly isAllowed: false; readonly because: "unknown-topic" | "not-allowed" }

/** The first rule that takes the topic and the sender counts. */
export function decide(rules: readonly CommandRule[], topic: string, sender: Sender): Decision {
  const ofTopic = rules.filter(({ topics }) => matchesAny(topics, topic))
  const rule = ofTopic.find(({ from }) => isOneOf(from, sender))
  if (rule) return { isAllowed: true, retain: rule.retain }
  return { isAllowed: false, because: ofTopic.length > 0 ? "not-allowed" : "unknown-topic" }
}

/**
 * Whether `whom` means the sender. A name counts for a contact that its owner trusts; a whole key
 * counts by itself; nothing counts for a revoked one.
 */
export function isOneOf(whom: Whom, { from: { contact, publicKey }, status }: Sender): boolean {
  if (trustOf(contact).state === "revoked") return false
  if (whom === "anyone-in-topic") return true
  if (whom === "verified") return status === "verified"
  if (whom === "trusted") return isTrusted(status)
  return whom.some((one) => {
    if (isKey(one)) return one.toLowerCase() === hex(publicKey)
    return contact !== null && isTrusted(status) && petnameKey(contact.petname) === petnameKey(one)
  })
}

function isTrusted(status: Sender["status"]): boolean {
  return status === "verified" || status === "trusted"
}

function isKey(text: string): boolean {
  return /^[0-9a-f]{64}$/i.test(text)
}
