import { UsageError } from "stringphone/bytes"
import type { ChannelAddress } from "../channel-address.js"
import {
  checkPrivate,
  environmentLogin,
  parseJson,
  readConfigText,
  withLogin,
} from "../config-file.js"
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
  const text = await readConfigText(path)
  const config = within(path, () => parseConfig(parseJson(text)))
  if (config.hasSecrets) await checkPrivate(path)
  const { broker, local } = config
  return { ...config, local: completeLocal(local), broker: broker && completeRemote(broker) }
}

function completeLocal(local: Endpoint): Endpoint {
  const { password, username } = environmentLogin(variables.local)
  return { ...local, ...(username && { username }), ...(password && { password }) }
}

function completeRemote(broker: ChannelAddress): ChannelAddress {
  return { ...broker, url: withLogin(broker.url, environmentLogin(variables.broker)) }
}

function within<T>(path: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new UsageError(error.code, `${path}: ${error.message}`)
  }
}
