import { readFile, stat } from "node:fs/promises"
import { UsageError } from "stringphone/bytes"
import type { ChannelAddress } from "../channel-address.js"
import { type Config, type Endpoint, parseConfig } from "./config.js"

/** Where logins may stand instead of in the file. */
const variables = {
  local: "STRINGPHONE_BRIDGE_LOCAL",
  broker: "STRINGPHONE_BRIDGE_BROKER",
} as const

/**
 * Reads a configuration file, and the logins of the environment.
 * @throws {UsageError} `bad-config`, `open-config`: others could read the login in it
 */
export async function readConfig(path: string): Promise<Config> {
  const text = await readText(path)
  const config = within(path, () => parseConfig(parseJson(text)))
  if (config.hasSecrets) await checkPrivate(path)
  const { broker, local } = config
  return { ...config, local: completeLocal(local), broker: broker && completeRemote(broker) }
}

/** A password in a file is for its owner alone. Windows has no such bits. */
async function checkPrivate(path: string): Promise<void> {
  if (process.platform === "win32" || ((await stat(path)).mode & 0o077) === 0) return
  throw new UsageError(
    "open-config",
    `${path} holds a password, and others on this computer may read it. Run: chmod 600 ${path}`,
  )
}

function completeLocal(local: Endpoint): Endpoint {
  const { password, username } = loginOf(variables.local)
  return { ...local, ...(username && { username }), ...(password && { password }) }
}

function completeRemote(broker: ChannelAddress): ChannelAddress {
  const { password, username } = loginOf(variables.broker)
  const url = new URL(broker.url)
  if (username) url.username = encodeURIComponent(username)
  if (password) url.password = encodeURIComponent(password)
  return { ...broker, url: url.href }
}

function loginOf(variable: string): { username: string | undefined; password: string | undefined } {
  const { [`${variable}_USERNAME`]: username, [`${variable}_PASSWORD`]: password } = process.env
  return { username, password }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8")
  } catch (cause) {
    throw new UsageError(
      "bad-config",
      `The configuration ${path} can not be read. Check the path and its permissions.`,
      { cause },
    )
  }
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
    throw new UsageError(error.code, `${path}: ${error.message}`)
  }
}
