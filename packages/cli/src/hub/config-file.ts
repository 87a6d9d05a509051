import { readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { UsageError } from "stringphone/bytes"
import { configDirectory } from "stringphone/keyring/node"
import { type HubConfig, type HubFlags, parseHubConfig } from "./config.js"

/** Read when no other file is named, and only if it is there; mail commands keep its limits, too. */
export function defaultConfigPath(): string {
  return join(configDirectory(), "hub.json")
}

/** @throws {UsageError} `bad-config`, `open-config`: others could read the login in it */
export async function readHubConfig(path: string | null, flags: HubFlags): Promise<HubConfig> {
  const place = path ?? defaultConfigPath()
  const text = await readText(place, path === null)
  if (text === null) return parseHubConfig({}, flags)
  const config = within(place, () => parseHubConfig(parseJson(text), flags))
  if (config.hasSecrets) await checkPrivate(place)
  return config
}

async function readText(path: string, isOptional: boolean): Promise<string | null> {
  try {
    return await readFile(path, "utf8")
  } catch (cause) {
    if (isOptional && (cause as NodeJS.ErrnoException).code === "ENOENT") return null
    throw new UsageError(
      "bad-config",
      `The configuration ${path} can not be read. Check the path and its permissions.`,
      { cause },
    )
  }
}

/** A password in a file is for its owner alone. Windows has no such bits. */
async function checkPrivate(path: string): Promise<void> {
  if (process.platform === "win32" || ((await stat(path)).mode & 0o077) === 0) return
  throw new UsageError(
    "open-config",
    `${path} holds a password, and others on this computer may read it. Run: chmod 600 ${path}`,
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // The engine's own message shows what stands there, which may be a password.
    const at = /line \d+ column \d+/.exec(error instanceof Error ? error.message : "")
    throw new UsageError("bad-config", `The file is no JSON${at ? ` (${at[0]})` : ""}.`)
  }
}

function within<T>(path: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new UsageError("bad-config", `${path}: ${error.message}`)
  }
}
