import { ChannelError, decodeJson } from "../../bytes/index.js"

export function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** @throws {ChannelError} `login-corrupt`, `login-newer` */
export function decodeSaved<T>(bytes: Uint8Array, isRight: (saved: unknown) => saved is T): T {
  const saved = decodedOrNull(bytes)
  const version = (saved as { readonly version?: unknown } | null)?.version
  if (typeof version === "number" && version > 1) {
    throw new ChannelError(
      "login-newer",
      "This was saved by a newer version of the program. Use that version.",
    )
  }
  if (version === 1 && isRight(saved)) return saved
  throw new ChannelError("login-corrupt", "What was saved of a login cannot be read. Log in again.")
}

function decodedOrNull(bytes: Uint8Array): unknown {
  try {
    return decodeJson(bytes)
  } catch {
    return null
  }
}
