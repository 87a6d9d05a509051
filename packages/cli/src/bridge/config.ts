import { UsageError } from "stringphone/bytes"
import { takePetname } from "stringphone/identity"
import { type ChannelAddress, parseChannelAddress } from "../channel-address.js"
import { parseBrokerUrl } from "../topic-address.js"
import { Fields } from "./fields.js"
import { filterProblem, topicProblem } from "./filter.js"

/** The local broker; the login is not to be shown. */
export interface Endpoint {
  /** Without user and password. */
  readonly url: string
  readonly username?: string
  readonly password?: string
}

/** Who may do something: everybody of that trust, or exactly these. */
export type Whom = "verified" | "trusted" | "anyone-in-topic" | readonly string[]

export interface CommandRule {
  readonly topics: readonly string[]
  readonly from: Whom
  readonly retain: boolean
}

export interface Limits {
  readonly maxPayloadBytes: number
  readonly maxPerSecond: number
  readonly maxWaiting: number
  readonly maxWaitingBytes: number
  readonly commandsPerSecond: number
  readonly commandMaxAgeMs: number
  readonly allowedSkewMs: number
}

/** What both ends need. */
export interface CommonConfig {
  readonly local: Endpoint
  /** Where the topic is; may hold a login. `null`: where the key ring says. */
  readonly broker: ChannelAddress | null
  /** The topic's name in the key ring, and for others when it is founded here. */
  readonly topic: string
  readonly limits: Limits
  /** A login stands in the file itself. */
  readonly hasSecrets: boolean
}

export interface BridgeConfig extends CommonConfig {
  readonly kind: "bridge"
  readonly export: readonly string[]
  readonly except: readonly string[]
  readonly commands: readonly CommandRule[]
}

export interface MirrorConfig extends CommonConfig {
  readonly kind: "mirror"
  /** Before each topic, ending with a slash; or empty. */
  readonly prefix: string
  /** Whose states count. */
  readonly from: Whom
  readonly commands: readonly string[]
  readonly validForMs: number
}

export type Config = BridgeConfig | MirrorConfig

/**
 * Reads a configuration; one with `mirror` is of the other end.
 * @throws {UsageError} `bad-config`, which names the field and never shows a URL
 */
export function parseConfig(value: unknown): Config {
  const fields = new Fields(value, "")
  const config = fields.has("mirror") ? mirrorOf(fields) : bridgeOf(fields)
  fields.end()
  return config
}

function bridgeOf(fields: Fields): BridgeConfig {
  const common = commonOf(fields)
  const commands = fields.objects("commands").map((rule) => {
    const topics = rule.texts("topics", null, filterProblem)
    const read = { topics, from: whomOf(rule), retain: rule.flag("retain", false) }
    rule.end()
    return read
  })
  const exported = fields.texts("export", [], filterProblem)
  if (exported.length + commands.length === 0) {
    throw fields.wrong("export", "and commands are both empty: there is nothing to do")
  }
  const except = fields.texts("except", [], filterProblem)
  return { kind: "bridge", ...common, export: exported, except, commands }
}

function mirrorOf(fields: Fields): MirrorConfig {
  const common = commonOf(fields)
  const mirror = fields.object("mirror")
  const prefix = mirror.has("prefix") ? mirror.text("prefix") : ""
  if (prefix !== "" && !prefix.endsWith("/")) throw mirror.wrong("prefix", "has to end with /")
  const problem = prefix === "" ? null : topicProblem(prefix)
  if (problem) throw mirror.wrong("prefix", `is wrong: ${problem}`)
  const from = whomOf(mirror)
  const commands = mirror.texts("commands", [], filterProblem)
  const validForMs = mirror.count("validForMs", 10_000, [100, 3_600_000])
  mirror.end()
  return { kind: "mirror", ...common, prefix, from, commands, validForMs }
}

function commonOf(fields: Fields): CommonConfig {
  const local = localOf(fields)
  const broker = fields.has("broker")
    ? inField(fields, "broker", () => parseChannelAddress(fields.text("broker")))
    : null
  const topic = inField(fields, "topic", () => takePetname(fields.text("topic")))
  return {
    local,
    broker,
    topic,
    limits: limitsOf(fields.object("limits")),
    hasSecrets: [local.password !== undefined, hasSecret(local.url), hasSecret(broker?.url)].some(
      Boolean,
    ),
  }
}

/** `from` of a rule: nobody but those whose keys were compared, unless it says otherwise. */
function whomOf(fields: Fields): Whom {
  const value = fields.value("from") ?? "verified"
  if (value === "verified" || value === "trusted" || value === "anyone-in-topic") return value
  const list = fields.texts("from", [], (name) => problemOfName(name))
  if (!Array.isArray(value)) {
    throw fields.wrong(
      "from",
      'has to be "verified", "trusted", "anyone-in-topic" or a list of names, [ … ]',
    )
  }
  if (list.length === 0) throw fields.wrong("from", "is empty: nobody could command")
  return list
}

function problemOfName(name: string): string | null {
  if (["verified", "trusted", "anyone-in-topic"].includes(name)) {
    return `"${name}" stands alone, not in a list`
  }
  try {
    takePetname(name)
    return null
  } catch (error) {
    if (error instanceof UsageError) return "it is no name of a contact"
    throw error
  }
}

function limitsOf(fields: Fields): Limits {
  const limits = {
    maxPayloadBytes: fields.count("maxPayloadBytes", 131_072, [1, 4_194_304]),
    maxPerSecond: fields.count("maxPerSecond", 20, [1, 1_000]),
    maxWaiting: fields.count("maxWaiting", 10_000, [1, 1_000_000]),
    maxWaitingBytes: fields.count("maxWaitingBytes", 8_388_608, [1_024, 1_073_741_824]),
    commandsPerSecond: fields.count("commandsPerSecond", 10, [1, 1_000]),
    commandMaxAgeMs: fields.count("commandMaxAgeMs", 30_000, [100, 3_600_000]),
    allowedSkewMs: fields.count("allowedSkewMs", 2_000, [0, 600_000]),
  }
  fields.end()
  return limits
}

/** A URL, or an object with a URL and a login. */
function localOf(fields: Fields): Endpoint {
  if (!fields.has("local")) throw fields.missing("local")
  const isText = typeof fields.value("local") === "string"
  const object = isText ? fields : fields.object("local")
  const field = isText ? "local" : "url"
  const url = new URL(inField(object, field, () => parseBrokerUrl(object.text(field))))
  const username = isText ? undefined : object.optionalText("username")
  const password = isText ? undefined : object.optionalText("password")
  if (!isText) object.end()
  const login = withLogin(username ?? decoded(url.username), password ?? decoded(url.password))
  ;[url.username, url.password] = ["", ""]
  return { url: url.href, ...login }
}

function withLogin(username?: string, password?: string): Omit<Endpoint, "url"> {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  }
}

/** A password, or what stands behind a question mark, which some brokers take for one. */
function hasSecret(url: string | undefined): boolean {
  if (url === undefined) return false
  const { password, search } = new URL(url)
  return password !== "" || search !== ""
}

function decoded(text: string): string | undefined {
  if (text === "") return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function inField<T>(fields: Fields, name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof UsageError) || error.code === "bad-config") throw error
    throw fields.wrong(name, `is wrong: ${error.message.replace(/\.$/, "")}`)
  }
}
