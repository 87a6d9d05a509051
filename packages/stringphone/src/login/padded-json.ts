import { fromUtf8, PeerError, utf8 } from "../bytes/index.js"

const step = 256
const space = 0x20

/** JSON with spaces behind it up to the next multiple of 256 bytes. spec/login.md §3.3 */
export function encodePaddedJson(value: object): Uint8Array {
  const text = utf8(JSON.stringify(value))
  const padded = new Uint8Array(Math.ceil(text.length / step) * step).fill(space)
  padded.set(text)
  return padded
}

/** @throws {PeerError} `malformed`: not so long, no JSON, or no object */
export function decodePaddedJson(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const value = bytes.length % step === 0 ? parsed(fromUtf8(bytes)) : null
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>
  }
  throw new PeerError("malformed", "Malformed message of a login: its text is no JSON object.")
}

function parsed(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "")
  } catch {
    return null
  }
}
