import { ChannelError, hex, UsageError } from "../bytes/index.js"
import { randomBytes } from "../crypto/index.js"
import type { Entry } from "../store/index.js"
import { corrupt } from "./failure.js"
import { isRecord, json, parse } from "./records.js"
import { isPassphraseSeal, openRingKey, type PassphraseSeal } from "./seal.js"

export const headerName = "key-ring"

/** The ring key of a sealed ring, as of one version of its header. */
export interface Opened {
  readonly headerVersion: string
  readonly ringKey: Uint8Array | null
}

/** @throws {UsageError} `passphrase-needed`, `passphrase-wrong` */
export async function openHeader(
  header: Entry,
  passphrase: (() => string | Promise<string>) | undefined,
): Promise<Opened> {
  const seal = decodeHeader(header.value)
  if (!seal) return { headerVersion: header.version, ringKey: null }
  if (!passphrase) {
    throw new UsageError("passphrase-needed", "The key ring is sealed. Give its passphrase.")
  }
  return { headerVersion: header.version, ringKey: openRingKey(seal, await passphrase()) }
}

/** No two headers are the same: by its bytes, everyone knows the one that it wrote. [IDENTITY-5-1] */
export function encodeHeader(seal: PassphraseSeal | null): Uint8Array {
  return json({ format: "stringphone key ring", version: 1, seal, id: hex(randomBytes(16)) })
}

function decodeHeader(bytes: Uint8Array): PassphraseSeal | null {
  const header = parse(bytes)
  if (!isRecord(header) || header["format"] !== "stringphone key ring") {
    throw corrupt("its header is damaged")
  }
  if (header["version"] !== 1) {
    throw new ChannelError(
      "keyring-newer",
      "A newer String phone wrote this key ring. Update first.",
    )
  }
  if (header["seal"] !== null && !isPassphraseSeal(header["seal"])) {
    throw corrupt("its passphrase seal is damaged")
  }
  return header["seal"]
}
