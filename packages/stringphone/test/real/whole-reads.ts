import type { Readable } from "node:stream"

/**
 * aedes reads once for each `readable` event and expects everything that is there. From Node 26 on
 * a read gives one chunk, and a packet in several chunks would wait for ever.
 */
export function withWholeReads<S extends Readable>(stream: S): S {
  const read = stream.read.bind(stream) as (size?: number | null) => Buffer | null
  stream.read = (size?: number | null): Buffer | null => {
    const first = read(size)
    if (size || first === null) return first
    const chunks = [first]
    for (let next = read(); next !== null; next = read()) chunks.push(next)
    return chunks.length === 1 ? first : Buffer.concat(chunks)
  }
  return stream
}
