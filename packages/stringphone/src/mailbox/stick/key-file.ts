import { concat, decodeAll, PeerError, u32, u8, utf8 } from "../../bytes/index.js"
import * as crypto from "../../crypto/index.js"

/** What a key file says. */
export interface StickKeyFile {
  /** `null`: the stick is open, whoever has it can read it. */
  readonly cost: crypto.StretchCost | null
  /** 16 random bytes; of an open stick, the secret itself. */
  readonly salt: Uint8Array
  /** 32 bytes; shows whether a passphrase is the right one. */
  readonly check: Uint8Array
}

export const keyFileBytes = 54

/** As of a sealed key ring: RFC 9106's second recommendation. */
export const defaultStickCost: crypto.StretchCost = { passes: 3, memoryKib: 65_536 }

/** What a stranger's stick may ask of us, so that no stick makes a hub hang. [STICK-2-4] */
const mostPasses = 8
const mostMemoryKib = 262_144
const leastMemoryKib = 8

/** Key files that a reader tries, in the order of their names. [STICK-2-5] */
export const maxKeyFiles = 8
export const maxSealedKeyFiles = 4

const version = 1

/**
 * A key file, spec/mailbox-stick.md §2.
 *
 *   0         1        2             6         22         54
 *   +---------+--------+-------------+---------+----------+
 *   | version | passes | memory, KiB | salt    | check    |
 *   | u8 = 1  | u8     | u32         | 16      | 32       |
 *   +---------+--------+-------------+---------+----------+
 */
export function encodeKeyFile({ cost, salt, check }: StickKeyFile): Uint8Array<ArrayBuffer> {
  return concat(u8(version), costBytes(cost), salt, check)
}

/** @throws {PeerError} `malformed`, `stick-newer` */
export function decodeKeyFile(bytes: Uint8Array): StickKeyFile {
  return decodeAll(bytes, "key file of a stick", (r) => {
    const found = r.u8("version")
    if (found > version) {
      throw new PeerError("stick-newer", "A newer version wrote this stick. Update first.")
    }
    if (found !== version) throw r.fail(`version is ${found}, expected ${version}`)
    const passes = r.u8("passes")
    const memoryKib = r.u32("memory")
    const isOpen = passes === 0 && memoryKib === 0
    const isAllowed = isOpen || isAllowedCost({ passes, memoryKib })
    if (!isAllowed) throw r.fail(`${passes} passes over ${memoryKib} KiB are out of bounds`)
    return {
      cost: isOpen ? null : { passes, memoryKib },
      salt: r.take(16, "salt"),
      check: r.take(32, "check"),
    }
  })
}

export function isAllowedCost({ passes, memoryKib }: crypto.StretchCost): boolean {
  return (
    Number.isInteger(passes) &&
    Number.isInteger(memoryKib) &&
    passes >= 1 &&
    passes <= mostPasses &&
    memoryKib >= leastMemoryKib &&
    memoryKib <= mostMemoryKib
  )
}

/** The key that all of a stick's files are sealed under, and what its key file shows of it. */
export function newStickKey(
  salt: Uint8Array,
  seal: { readonly passphrase: string; readonly cost: crypto.StretchCost } | null,
): { readonly key: Uint8Array; readonly file: StickKeyFile } {
  const cost = seal?.cost ?? null
  const { key, check } = keysOf({ cost, salt }, seal?.passphrase ?? "")
  return { key, file: { cost, salt, check } }
}

/**
 * The stick's key; `passphrase` counts only where there is a cost.
 * @returns `null` when the passphrase is another, or the file was altered. [STICK-2-3]
 */
export function openStickKey(file: StickKeyFile, passphrase: string): Uint8Array | null {
  const { key, check } = keysOf(file, passphrase)
  return crypto.equal(check, file.check) ? key : null
}

function keysOf({ cost, salt }: Omit<StickKeyFile, "check">, passphrase: string) {
  // NFKC, so that the same passphrase typed on another keyboard gives the same bytes (RFC 8265).
  const typed = utf8(passphrase.normalize("NFKC"))
  const secret = cost === null ? salt : crypto.stretch(typed, salt, cost, 32) // [STICK-2-1]
  const info = crypto.labelled("stick keys", costBytes(cost))
  const both = crypto.derive(secret, salt, info, 64) // [STICK-2-2]
  return { key: both.subarray(0, 32), check: both.subarray(32) }
}

function costBytes(cost: crypto.StretchCost | null): Uint8Array {
  return concat(u8(cost?.passes ?? 0), u32(cost?.memoryKib ?? 0))
}
