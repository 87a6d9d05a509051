import { concat, decodeAll, PeerError, u8 } from "../../bytes/index.js"
import { encodeText8, readName } from "./name.js"

/** A session that this device had. */
export interface KnownStart {
  /** 16 bytes. */
  readonly session: Uint8Array
  /** 32 bytes. */
  readonly mac: Uint8Array
}

export interface Start {
  /** 96 bytes. */
  readonly ke1: Uint8Array
  readonly login: string
  readonly known: KnownStart | null
}

const type = 0x01
const version = 2
const maxBytes = 2 + 96 + 1 + 64 + 1 + 48

/**
 * Start, spec/login.md §3. Client → server.
 *
 *   0          1         2     98                  +1
 *   +----------+---------+-----+-------+-----------+-------+-- if known --+-----+
 *   | type     | version | KE1 | length| login     | known | session      | mac |
 *   | u8 = 1   | u8 = 2  | 96  | u8    | 1–64      | u8    | 16           | 32  |
 *   +----------+---------+-----+-------+-----------+-------+--------------+-----+
 */
export function encodeStart({ ke1, known, login }: Start): Uint8Array {
  const proof = known ? [known.session, known.mac] : []
  return concat(u8(type), u8(version), ke1, encodeText8(login), u8(known ? 1 : 0), ...proof)
}

/** @throws {PeerError} `malformed` */
export function decodeStart(bytes: Uint8Array): Start {
  if (bytes.length > maxBytes) throw new PeerError("malformed", "Malformed start: it is too long.")
  return decodeAll(bytes, "start of a login", (r) => {
    r.expect(type, "type")
    r.expect(version, "version")
    const ke1 = r.take(96, "KE1").slice()
    const login = readName(r, "login")
    const isKnown = r.u8("known")
    if (isKnown > 1) throw r.fail(`known is ${isKnown}`)
    if (isKnown === 0) return { ke1, login, known: null }
    const known = { session: r.take(16, "session").slice(), mac: r.take(32, "mac").slice() }
    return { ke1, login, known }
  })
}
