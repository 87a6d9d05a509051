import { sameBytes, UsageError } from "../../bytes/index.js"
import { codeIsOf, type PairingCode } from "./code.js"
import type { Admission } from "./host-state.js"
import { deriveOneTimeSecret, isCoded, noOneTimeSecret, type OneTimeSecret } from "./keys.js"

/** @throws {UsageError} `bad-pairing-code`: another host shows it */
export function admissionBy(code: PairingCode | null, ownKey: Uint8Array): Admission {
  if (!code) return { kind: "comparing" }
  const oneTimeSecret = deriveOneTimeSecret(code.secret)
  if (code.role === "joiner") return { kind: "scanned", oneTimeSecret, code }
  if (codeIsOf(code, ownKey)) return { kind: "shown", oneTimeSecret }
  throw new UsageError(
    "bad-pairing-code",
    "This code is shown by a device that is in a topic. Scan it with the one that wants to join.",
  )
}

/** The secret of a session with this ID in clear, or `null` when it is not heard. */
export function secretFor(admission: Admission, secretId: Uint8Array): OneTimeSecret | null {
  const coded = "oneTimeSecret" in admission ? admission.oneTimeSecret : null
  if (coded && sameBytes(secretId, coded.id)) return coded
  const compares = admission.kind === "comparing" || admission.kind === "shown"
  return compares && sameBytes(secretId, noOneTimeSecret.id) ? noOneTimeSecret : null
}

/** A secret works once. [TOPIC-9-9] */
export function afterUse(admission: Admission, used: OneTimeSecret): Admission {
  if (!isCoded(used)) return admission
  return admission.kind === "scanned" ? { kind: "nobody" } : { kind: "comparing" }
}
