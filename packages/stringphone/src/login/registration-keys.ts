import { concat } from "../bytes/index.js"
import { derive, hash, labelled } from "../crypto/index.js"
import { invitationId } from "./invitation.js"

/** Its message: register, registering, record, registered. */
export type RegistrationStep = 0 | 1 | 2 | 3

/** The key of each message of a registration, 32 bytes. Secret. [LOGIN-8-2] */
export function registrationKey(
  step: RegistrationStep,
  shared: Uint8Array,
  code: Uint8Array,
  ephemeralKey: Uint8Array,
): Uint8Array {
  const id = invitationId(code)
  const transcript = hash(labelled("login registration", id, ephemeralKey))
  return derive(concat(shared, code), transcript, labelled(`login register ${step}`), 32)
}
