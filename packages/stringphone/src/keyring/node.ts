import { homedir, platform } from "node:os"
import { join } from "node:path"
import { UsageError } from "../bytes/index.js"
import { openFileStore } from "../store/file.js"
import { type KeyRing, openOwnKeyRing, type OpenKeyRingOptions } from "./key-ring.js"

export interface NodeKeyRingOptions {
  /** Several people or roles on one machine: each profile is a ring of its own. */
  readonly profile?: string
  /** Default {@link configDirectory}. */
  readonly directory?: string
  readonly passphrase?: OpenKeyRingOptions["passphrase"]
}

/**
 * Opens (or makes) the key ring of this user: one file, mode 0600, at
 * `$XDG_CONFIG_HOME/stringphone/<profile>.keyring.json`.
 *
 * @throws {UsageError} `bad-profile`, and those of {@link KeyRing}
 */
export async function openNodeKeyRing(options: NodeKeyRingOptions = {}): Promise<KeyRing> {
  const { profile = "default", directory = configDirectory(), passphrase } = options
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(profile)) {
    throw new UsageError(
      "bad-profile",
      "A profile name has letters, digits, dots and hyphens, and starts with one of the first two.",
    )
  }
  const store = await openFileStore({ path: join(directory, `${profile}.keyring.json`) })
  return openOwnKeyRing(passphrase ? { store, passphrase } : { store })
}

/**
 * Where String phone keeps its files: `$STRINGPHONE_HOME`, or else `stringphone` in
 * `$XDG_CONFIG_HOME` (`%APPDATA%` on Windows, `~/.config` when neither is set).
 */
export function configDirectory(): string {
  const { STRINGPHONE_HOME, XDG_CONFIG_HOME, APPDATA } = process.env
  if (STRINGPHONE_HOME) return STRINGPHONE_HOME
  const base = XDG_CONFIG_HOME || (platform() === "win32" && APPDATA) || join(homedir(), ".config")
  return join(base, "stringphone")
}
