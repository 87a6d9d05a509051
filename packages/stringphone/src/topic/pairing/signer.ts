import type { Signer } from "../signer.js"
import type { HostFields, JoinerFields } from "./profile.js"

/** Who pairs: signs, and has a card. An `Identity` is one. */
export interface CardSigner extends Signer {
  /** The identity card, 129 bytes (spec/identity.md §2). */
  card(): Uint8Array
}

/** What a machine needs that is not in an event: its owner, and random bytes. */
interface PairingContext {
  readonly signer: CardSigner
  /** As many bytes as asked for, from the operating system's generator. */
  random(length: number): Uint8Array
}

/** The joiner's side; its profile is fixed when the window opens. */
export interface JoinerContext extends PairingContext, JoinerFields {}

/** The host's side; its profile is taken when a session begins. */
export interface HostContext extends PairingContext, HostFields {}
