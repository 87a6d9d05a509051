import { u32 } from "../bytes/index.js"
import { derive, labelled } from "../crypto/index.js"

/** A session between two refreshes. Secret. */
export interface Generation {
  /** ID of the session, 16 bytes. */
  readonly session: Uint8Array
  /** From 1. */
  readonly generation: number
  /** 32 bytes. */
  readonly root: Uint8Array
}

/** Enough to check what names a generation, and to answer it; nothing that was sealed opens with them. Secret. */
export interface AnsweringKeys {
  readonly generation: number
  readonly refreshKey: Uint8Array
  readonly laneOpeningKey: Uint8Array
  readonly errorKey: Uint8Array
}

const noSalt = new Uint8Array(0)

/** Opens lanes, and proves them. spec/login.md §4 */
export function laneOpeningKey(generation: Generation): Uint8Array {
  return keyOf(generation, "login lanes")
}

export function refreshKey(generation: Generation): Uint8Array {
  return keyOf(generation, "login refresh")
}

/** Proves errors; a server keeps it longer than the session. */
export function errorKey(generation: Generation): Uint8Array {
  return keyOf(generation, "login errors")
}

export function answeringKeys(generation: Generation): AnsweringKeys {
  return {
    generation: generation.generation,
    refreshKey: refreshKey(generation),
    laneOpeningKey: laneOpeningKey(generation),
    errorKey: errorKey(generation),
  }
}

/** Says at a login: this device was here before. [LOGIN-9-3] */
export function knownDeviceKey(generation: Generation): Uint8Array {
  return keyOf(generation, "login known device")
}

function keyOf({ session, generation, root }: Generation, label: string): Uint8Array {
  return derive(root, noSalt, labelled(label, session, u32(generation)), 32)
}
