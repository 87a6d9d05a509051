import { concat, decodeAll, u32, u8 } from "../../../bytes/index.js"

export interface Hello {
  /** The largest frame that this hub takes. */
  readonly maxFrameBytes: number
}

const version = 1

/** Every hub takes frames of so many bytes: nobody makes others cut theirs to crumbs. */
export const leastFrameBytes = 4096

/**
 * Body of a hello, spec/mailbox-sync.md §2.
 *
 *   0             1
 *   +-------------+-----------------+
 *   | version = 1 | max frame bytes |
 *   | u8          | u32             |
 *   +-------------+-----------------+
 */
export function encodeHello({ maxFrameBytes }: Hello): Uint8Array {
  return concat(u8(version), u32(maxFrameBytes))
}

/** @throws {PeerError} `malformed` */
export function decodeHello(bytes: Uint8Array): Hello {
  return decodeAll(bytes, "hello", (r) => {
    r.expect(version, "version")
    const maxFrameBytes = r.u32("max frame bytes")
    if (maxFrameBytes < leastFrameBytes) throw r.fail("its frames are too small") // [SYNC-2-4]
    return { maxFrameBytes }
  })
}
