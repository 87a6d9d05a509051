import { concat, fromUtf8, type Reader, u16, u8, utf8 } from "../../bytes/index.js"

/** Of a name or title that people choose. [ROOM-1-3] */
export const maxNameBytes = 64
/** On the wire: no leaf. */
const noLeaf = 0xffffffff

/** Length u8 ‖ bytes. */
export function v8(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.length > 0xff) throw new RangeError("More than 255 bytes in a short field.")
  return concat(u8(bytes.length), bytes)
}

/** Length u16 ‖ bytes. */
export function v16(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.length > 0xffff) throw new RangeError("More than 65,535 bytes in a field.")
  return concat(u16(bytes.length), bytes)
}

export function readV8(r: Reader, field: string): Uint8Array {
  return r.take(r.u8(`length of ${field}`), field).slice()
}

export function readV16(r: Reader, field: string): Uint8Array {
  return r.take(r.u16(`length of ${field}`), field).slice()
}

/** Length u8 ‖ UTF-8, 0 to 64 bytes. */
export function encodeName(name: string): Uint8Array<ArrayBuffer> {
  const bytes = utf8(name)
  if (bytes.length > maxNameBytes) throw new RangeError("A name has at most 64 bytes.")
  return v8(bytes)
}

export function readName(r: Reader, field: string): string {
  const bytes = readV8(r, field)
  if (bytes.length > maxNameBytes) throw r.fail(`${field} has more than ${maxNameBytes} bytes`) // [ROOM-1-3]
  return textOf(r, bytes, field)
}

/** UTF-8, strict. */
export function textOf(r: Reader, bytes: Uint8Array, field: string): string {
  const text = fromUtf8(bytes)
  if (text === null) throw r.fail(`${field} is not UTF-8`)
  return text
}

/** As a number for the wire. */
export function leafNumber(leaf: number | null): number {
  return leaf ?? noLeaf
}

export function readLeafOrNone(r: Reader, field: string): number | null {
  const leaf = r.u32(field)
  return leaf === noLeaf ? null : leaf
}

const noBytes = new Uint8Array(0)
const proofBytes = 16

/** Proof v8: of a deniable room 16 bytes, else none. [ROOM-9-2] */
export function encodeProof(proof: Uint8Array | null): Uint8Array<ArrayBuffer> {
  return v8(proof ?? noBytes)
}

export function readProof(r: Reader): Uint8Array | null {
  const proof = readV8(r, "proof")
  if (proof.length === 0) return null
  if (proof.length !== proofBytes) throw r.fail(`its proof has not ${proofBytes} bytes`)
  return proof
}

/** The same, by leaf. */
export function byLeaf<T extends { readonly leaf: number }>(items: readonly T[]): readonly T[] {
  return [...items].sort((a, b) => a.leaf - b.leaf)
}

/** Lists of leaves ascend, so that nobody counts twice. [ROOM-4-9] */
export function readByLeaf<T extends { readonly leaf: number }>(
  r: Reader,
  count: number,
  read: () => T,
): readonly T[] {
  const items: T[] = []
  let last = -1
  for (let i = 0; i < count; i++) {
    const item = read()
    if (item.leaf <= last) throw r.fail("its leaves do not ascend")
    last = item.leaf
    items.push(item)
  }
  return items
}
