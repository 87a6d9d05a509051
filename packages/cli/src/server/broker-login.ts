import { Transform, type TransformCallback } from "node:stream"

/** Longer than any CONNECT packet that means well. */
const maxConnectBytes = 65_536

/**
 * Bytes from a page to a broker, unchanged but for one thing: the first packet, CONNECT, gets the
 * user name and the password that the home was given for the broker. The page never learns them.
 */
export class LoginInserter extends Transform {
  readonly #username: string
  readonly #password: string
  #start: Buffer | null = Buffer.alloc(0)

  constructor(username: string, password: string) {
    super()
    this.#username = username
    this.#password = password
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    if (!this.#start) return done(null, chunk)
    this.#start = Buffer.concat([this.#start, chunk])
    if (this.#start.length > maxConnectBytes) return done(new Error("CONNECT is too long."))
    const length = packetLength(this.#start)
    if (length === null) return done()
    const packet = this.#start.subarray(0, length)
    const rest = this.#start.subarray(length)
    this.#start = null
    done(null, Buffer.concat([withLogin(packet, this.#username, this.#password), rest]))
  }
}

/** Bytes of the whole first packet; `null` while it is not all there. MQTT §2.1.4. */
function packetLength(bytes: Buffer): number | null {
  const header = readHeader(bytes)
  return header && bytes.length >= header.bytes + header.remaining
    ? header.bytes + header.remaining
    : null
}

function readHeader(bytes: Buffer): { bytes: number; remaining: number } | null {
  let remaining = 0
  for (let i = 1; i <= 4; i++) {
    const byte = bytes[i]
    if (byte === undefined) return null
    remaining += (byte & 127) * 128 ** (i - 1)
    if (byte < 128) return { bytes: i + 1, remaining }
  }
  throw new Error("The packet has no length.")
}

/**
 * CONNECT, MQTT 3.1.1 §3.1 and MQTT 5 §3.1: user name and password are its last fields.
 *
 *   +------+-----------+-----------------+-------+-------+-----+----------+----------+
 *   | 0x10 | remaining | protocol name   | level | flags | …   | username | password |
 *   | u8   | 1–4 bytes | u16 ‖ bytes     | u8    | u8    |     | u16 ‖ …  | u16 ‖ …  |
 *   +------+-----------+-----------------+-------+-------+-----+----------+----------+
 */
function withLogin(packet: Buffer, username: string, password: string): Buffer {
  const header = readHeader(packet)
  if (!header || packet[0] !== 0x10 || header.remaining < 10) return packet
  const body = Buffer.from(packet.subarray(header.bytes))
  const at = 2 + body.readUInt16BE(0) + 1
  const flags = body[at]
  // One that brings a login of its own keeps it.
  if (flags === undefined || (flags & 0xc0) !== 0) return packet
  body[at] = flags | 0x80 | (password === "" ? 0 : 0x40)
  const login = [field(username), ...(password === "" ? [] : [field(password)])]
  const whole = Buffer.concat([body, ...login])
  return Buffer.concat([Buffer.of(0x10, ...encodeLength(whole.length)), whole])
}

function field(text: string): Buffer {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

function encodeLength(length: number): readonly number[] {
  const bytes: number[] = []
  let left = length
  do {
    bytes.push((left % 128) | (left >= 128 ? 128 : 0))
    left = Math.floor(left / 128)
  } while (left > 0)
  return bytes
}
