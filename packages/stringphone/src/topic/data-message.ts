import { PeerError } from "../bytes/index.js"
import { fillRandom, open, seal, verify, withLabelled } from "../crypto/index.js"
import type { Signer } from "./signer.js"
import {
  type DataHeader,
  decodeData,
  type DecodedData,
  encodeDataHeader,
  headerBytes,
} from "./wire/data.js"

const purpose = "topic message"
const signatureBytes = 64
const tagBytes = 16
/** What is in front of the content: while it is signed, and when it is sealed. */
const headBytes = headerBytes + signatureBytes

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
  // Copies of a short message cost as much as its sealing. So it is signed and sealed where it
  // stands: the signature takes the place of the binding, which is as long.
  const out = new Uint8Array(headBytes + content.length + tagBytes)
  encodeDataHeader({ type, epoch, tag, counter, guard }, out)
  out.set(binding, headerBytes)
  out.set(content, headBytes)
  const signature = signer.sign(purpose, out.subarray(0, -tagBytes)) // [TOPIC-3-4]
  out.set(signature, headerBytes)
  const sealed = out.subarray(headerBytes)
  seal(sealed.subarray(0, -tagBytes), nonceOf(guard), key, associatedOf(out, binding), sealed)
  return out
}

/**
 * Opens one and checks its signature. Nothing is changed by it. [TOPIC-3-5]
 *
 * @param decoded the same bytes, if they were decoded already
 * @returns the content
 * @throws {PeerError} `malformed`, `not-authentic`, `bad-signature`
 */
export function openData(
  bytes: Uint8Array,
  binding: Binding,
  key: Uint8Array,
  publicKey: Uint8Array,
  { header, sealed }: DecodedData = decodeData(bytes),
): Uint8Array {
  const associated = associatedOf(bytes, binding)
  const opened = open(sealed, nonceOf(header.guard), key, associated)
  if (!opened) {
    throw new PeerError("not-authentic", "A message was changed, or is not by a participant.")
  }
  const signature = opened.subarray(0, signatureBytes)
  const content = opened.subarray(signatureBytes)
  const isSigned = withLabelled(purpose, [associated, content], (signed) =>
    verify(signature, signed, publicKey),
  )
  if (!isSigned) {
    throw new PeerError("bad-signature", "A message is not signed by the participant it names.")
  }
  return content
}

// Nobody keeps these, so that they are the same memory each time.
const associatedData = new Uint8Array(headBytes)
const nonce = new Uint8Array(24)

/** Header ‖ commitment ‖ context. [TOPIC-3-3] */
function associatedOf(message: Uint8Array, binding: Binding): Uint8Array {
  // A view of so few bytes takes longer than they do.
  for (let i = 0; i < headerBytes; i++) associatedData[i] = message[i] as number
  associatedData.set(binding, headerBytes)
  return associatedData
}

/** Guard ‖ 0¹⁶: the key is used once, so that the guard is all that the nonce needs. [TOPIC-3-2] */
function nonceOf(guard: Uint8Array): Uint8Array {
  nonce.set(guard)
  return nonce
}

// The operating system's generator is asked for 128 guards at once.
const guards = new Uint8Array(1024)
let guardsUsed = guards.length

function nextGuard(): Uint8Array {
  if (guardsUsed === guards.length) {
    fillRandom(guards)
    guardsUsed = 0
  }
  return guards.slice(guardsUsed, (guardsUsed += 8))
}
