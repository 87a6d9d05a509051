import { join } from "node:path"
import { UsageError } from "stringphone/bytes"
import { configDirectory } from "stringphone/keyring/node"
import {
  checkPrivate,
  environmentLogin,
  parseJson,
  readConfigText,
  readOptionalConfigText,
  withLogin,
} from "../config-file.js"
import { type HubConfig, type HubFlags, parseHubConfig } from "./config.js"

/** Where the backbone's login may stand instead of in the file. That of an archive is PostgreSQL's own. */
const backboneVariable = "STRINGPHONE_HUB_BACKBONE"

/** Read when no other file is named, and only if it is there; mail commands keep its limits, too. */
export function defaultConfigPath(): string {
  return join(configDirectory(), "hub.json")
}

/**
 * Reads a configuration file, and the login of the environment.
 * @throws {UsageError} `bad-config`, `open-config`: others could read the login in it
 */
export async function readHubConfig(path: string | null, flags: HubFlags): Promise<HubConfig> {
  const place = path ?? defaultConfigPath()
  const text = path === null ? await readOptionalConfigText(place) : await readConfigText(place)
  if (text === null) return completed(parseHubConfig({}, flags))
  const config = within(place, () => parseHubConfig(parseJson(text), flags))
  if (config.hasSecrets) await checkPrivate(place)
  return completed(config)
}

function completed(config: HubConfig): HubConfig {
  const { backbone } = config
  if (backbone === null) return config
  const url = withLogin(backbone.url, environmentLogin(backboneVariable))
  return { ...config, backbone: { ...backbone, url } }
}

function within<T>(path: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new UsageError("bad-config", `${path}: ${error.message}`)
  }
}
