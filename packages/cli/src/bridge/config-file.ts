import { readFile, stat } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import { UsageError } from "stringphone/bytes"
import { type Config, type Endpoint, type EndpointConfig, parseConfig } from "./config.js"

/** Where logins may stand instead of in the file. */
const variables = {
  local: "STRINGPHONE_BRIDGE_LOCAL",
  broker: "STRINGPHONE_BRIDGE_BROKER",
} as const

/** A configuration with all that its brokers ask for. */
export interface Setup<C extends Config = Config> {
  readonly config: C
  readonly local: Endpoint
  readonly broker: Endpoint
}

/**
 * Reads a configuration file, and the logins of the environment.
 * @throws {UsageError} `bad-config`, `open-config`: others could read the login in it
 */
export async function readSetup(path: string): Promise<Setup> {
  const text = await readText(path, `The configuration ${path}`)
  const config = within(path, () => parseConfig(parseJson(text)))
  if (config.hasSecrets) await checkPrivate(path)
  return {
    config,
    local: await complete(config.local, variables.local, path),
    broker: await complete(config.broker, variables.broker, path),
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

async function complete(
  { caFile, ...endpoint }: EndpointConfig,
  variable: string,
  path: string,
): Promise<Endpoint> {
  const username = process.env[`${variable}_USERNAME`]
  const password = process.env[`${variable}_PASSWORD`]
  const ca =
    caFile === undefined
      ? undefined
      : await readText(resolve(dirname(path), caFile), `The caFile ${caFile}`)
  return {
    ...endpoint,
    ...(username && { username }),
    ...(password && { password }),
    ...(ca !== undefined && { ca }),
  }
}

async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, "utf8")
  } catch (cause) {
    throw new UsageError(
      "bad-config",
      `${what} can not be read. Check the path and its permissions.`,
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
