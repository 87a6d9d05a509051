import { PeerError, withJoined } from "../bytes/index.js"
import { fillRandom, labelled, open, seal, verify } from "../crypto/index.js"
import type { Signer } from "./signer.js"
import { type DataHeader, decodeData, encodeDataHeader, headerBytes } from "./wire/data.js"

const purpose = "topic message"
const label = labelled(purpose)
const signatureBytes = 64
const tagBytes = 16

/** Commitment ‖ context: what a message is bound to besides its header, 64 bytes. */
export type Binding = Uint8Array

/** Seals and signs one data message, spec/topic.md §3. */
export function sealData(
  signer: Signer,
  binding: Binding,
  { counter, epoch, tag, type }: Omit<DataHeader, "guard">,
  key: Uint8Array,
  content: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const guard = nextGuard()
  const head = encodeDataHeader({ type, epoch, tag, counter, guard })
  const out = new Uint8Array(headerBytes + signatureBytes + content.length + tagBytes)
  withJoined([head, binding, content], (signed) => {
    const signature = signer.sign(purpose, signed) // [TOPIC-3-4]
    const associated = signed.subarray(0, headerBytes + binding.length) // [TOPIC-3-3]
    out.set(head)
    out.set(signature, headerBytes)
    out.set(content, headerBytes + signatureBytes)
    // Sealed where it stands: one more copy of a short message costs as much as its sealing.
    const sealed = out.subarray(headerBytes)
    seal(sealed.subarray(0, -tagBytes), nonceOf(guard), key, associated, sealed)
  })
  return out
}

/**
 * Opens one and checks its signature. Nothing is changed by it. [TOPIC-3-5]
 *
 * @returns the content
 * @throws {PeerError} `malformed`, `not-authentic`, `bad-signature`
 */
export function openData(
  bytes: Uint8Array,
  binding: Binding,
  key: Uint8Array,
  publicKey: Uint8Array,
): Uint8Array {
  const { header, sealed } = decodeData(bytes)
  const head = bytes.subarray(0, headerBytes)
  const nonce = nonceOf(header.guard)
  const opened = withJoined([head, binding], (associated) => open(sealed, nonce, key, associated))
  if (!opened) {
    throw new PeerError("not-authentic", "A message was changed, or was not made by a participant.")
  }
  const content = opened.subarray(signatureBytes)
  const signature = opened.subarray(0, signatureBytes)
  const isSigned = withJoined([label, head, binding, content], (signed) =>
    verify(signature, signed, publicKey),
  )
  if (!isSigned) {
    throw new PeerError("bad-signature", "A message is not signed by the participant it names.")
  }
  return content
}

/** Guard ‖ 0¹⁶: the key is used once, so that the guard is all that the nonce needs. [TOPIC-3-2] */
function nonceOf(guard: Uint8Array): Uint8Array {
  latestNonce.set(guard)
  return latestNonce
}

// The same memory each time: nobody keeps a nonce.
const latestNonce = new Uint8Array(24)

// The operating system's generator is asked for 128 guards at once.
const guards = new Uint8Array(1024)
let guardsUsed = guards.length

function nextGuard(): Uint8Array {
  if (guardsUsed === guards.length) {
    fillRandom(guards)
    guardsUsed = 0
  }
  guardsUsed += 8
  return guards.slice(guardsUsed - 8, guardsUsed)
}
