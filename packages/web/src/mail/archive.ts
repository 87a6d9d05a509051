/** A ZIP file without compression: what is on a stick is sealed, and does not get any smaller. */
const localSignature = 0x04034b50
const centralSignature = 0x02014b50
const endSignature = 0x06054b50
/** 2000-01-01, midnight: nobody needs to know when it was. */
const someDate = ((2_000 - 1_980) << 9) | (1 << 5) | 1
const maxEntries = 65_535

export interface ArchiveEntry {
  readonly name: string
  readonly content: Blob
}

export async function makeArchive(entries: readonly ArchiveEntry[]): Promise<Blob> {
  const parts: (Blob | Uint8Array<ArrayBuffer>)[] = []
  const directory: Uint8Array<ArrayBuffer>[] = []
  let at = 0
  for (const { name, content } of entries) {
    const nameBytes = new TextEncoder().encode(name)
    const sum = crc32(new Uint8Array(await content.arrayBuffer()))
    const facts = [20, 0, 0, 0, someDate] as const
    const sizes = [sum, content.size, content.size] as const
    const local = fields(30 + nameBytes.length, [localSignature], facts, sizes, [nameBytes.length])
    local.set(nameBytes, 30)
    const own = fields(
      46 + nameBytes.length,
      [centralSignature],
      [20, ...facts],
      sizes,
      [nameBytes.length, 0, 0, 0, 0],
      [0, at],
    )
    own.set(nameBytes, 46)
    directory.push(own)
    parts.push(local, content)
    at += local.length + content.size
  }
  const length = directory.reduce((sum, one) => sum + one.length, 0)
  const counts = [0, 0, entries.length, entries.length] as const
  const end = fields(22, [endSignature], counts, [length, at])
  return new Blob([...parts, ...directory, end], { type: "application/zip" })
}

/** What is in an archive as `makeArchive` makes it; `null`: it is another, or damaged. */
export async function readArchive(archive: Blob): Promise<readonly ArchiveEntry[] | null> {
  const end = await view(archive, archive.size - 22, 22)
  if (end?.getUint32(0, true) !== endSignature) return null
  const count = end.getUint16(10, true)
  const start = end.getUint32(16, true)
  const directory = await view(archive, start, end.getUint32(12, true))
  if (!directory || count > maxEntries) return null
  const entries: ArchiveEntry[] = []
  let at = 0
  for (let i = 0; i < count; i++) {
    if (at + 46 > directory.byteLength) return null
    if (directory.getUint32(at, true) !== centralSignature) return null
    const isStored = directory.getUint16(at + 10, true) === 0
    const size = directory.getUint32(at + 24, true)
    const nameLength = directory.getUint16(at + 28, true)
    const next =
      at + 46 + nameLength + directory.getUint16(at + 30, true) + directory.getUint16(at + 32, true)
    const place = directory.getUint32(at + 42, true)
    if (!isStored || next > directory.byteLength) return null
    const name = new TextDecoder().decode(
      new Uint8Array(directory.buffer, directory.byteOffset + at + 46, nameLength),
    )
    const local = await view(archive, place, 30)
    if (local?.getUint32(0, true) !== localSignature) return null
    const from = place + 30 + local.getUint16(26, true) + local.getUint16(28, true)
    if (from + size > archive.size) return null
    entries.push({ name, content: archive.slice(from, from + size) })
    at = next
  }
  return entries
}

async function view(blob: Blob, start: number, length: number): Promise<DataView | null> {
  if (start < 0 || start + length > blob.size) return null
  return new DataView(await blob.slice(start, start + length).arrayBuffer())
}

/** Groups by turns of 4 and 2 bytes for each number, little-endian. */
function fields(
  length: number,
  ...groups: readonly (readonly number[])[]
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  const out = new DataView(bytes.buffer)
  let at = 0
  groups.forEach((group, i) => {
    for (const value of group) {
      if (i % 2 === 0) out.setUint32(at, value, true)
      else out.setUint16(at, value, true)
      at += i % 2 === 0 ? 4 : 2
    }
  })
  return bytes
}

const table = Uint32Array.from({ length: 256 }, (_, i) => {
  let value = i
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1
  return value
})

function crc32(bytes: Uint8Array): number {
  let sum = 0xffffffff
  for (const byte of bytes) sum = (table[(sum ^ byte) & 255] ?? 0) ^ (sum >>> 8)
  return ~sum >>> 0
}
