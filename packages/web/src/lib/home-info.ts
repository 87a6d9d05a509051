import { ChannelError } from "stringphone/bytes"

/** What the page's server tells about the home (`/home.json`). None of it is secret or trusted. */
export interface HomeInfo {
  /** The MQTT topic. */
  readonly channel: string
  /** Where the broker takes WebSockets, as in `/mqtt`. */
  readonly mqttPath: string
  /** Where devices reach the same broker, for people; empty when the server did not tell. */
  readonly broker: string
  /** Whether the home lets the page play the eavesdropper. */
  readonly eavesdropper: boolean
  /** Where people talk; `null`: this home has no place for it. */
  readonly rooms: RoomPlaces | null
  /** Its API, for those who log in; `null`: this home has none. */
  readonly login: LoginPlaces | null
}

/** Paths of the server that this page came from. */
export interface LoginPlaces {
  /** What the login server is called, as in `home-1a2b3c4d`. */
  readonly realm: string
  /** Where logins are. */
  readonly base: string
  /** What begins with it is answered to proven calls only. */
  readonly api: string
  /** Server-sent events: what the network gets of both. */
  readonly wire: string
}

export interface RoomPlaces {
  /** The MQTT topic of the home's own room. */
  readonly channel: string
  /** IRC servers that the home relays to, and the path for each. */
  readonly irc: readonly IrcPlace[]
}

export interface IrcPlace {
  /** As in `ircs://irc.example.org:6697`. */
  readonly address: string
  readonly path: string
  /** The channel that the home suggests. */
  readonly channel: string | null
}

/** What this page speaks: topics as in spec/topic.md. */
const protocol = 2

/** @returns `null` for what does not describe a home of this protocol. */
export function readHomeInfo(value: unknown): HomeInfo | null {
  if (typeof value !== "object" || value === null) return null
  const { broker, channel, eavesdropper, login, mqttPath, rooms, ...rest } = value as Readonly<
    Record<string, unknown>
  >
  if (rest["protocol"] !== protocol) return null
  if (typeof channel !== "string" || channel === "") return null
  if (!isPath(mqttPath)) return null
  return {
    channel,
    mqttPath,
    broker: typeof broker === "string" ? broker : "",
    eavesdropper: eavesdropper === true,
    rooms: readRoomPlaces(rooms),
    login: readLoginPlaces(login),
  }
}

function readLoginPlaces(value: unknown): LoginPlaces | null {
  if (typeof value !== "object" || value === null) return null
  const { api, base, realm, wire } = value as Readonly<Record<string, unknown>>
  if (typeof realm !== "string" || !/^\S{1,64}$/.test(realm)) return null
  if (!isPath(base) || !isPath(api) || !isPath(wire)) return null
  return { realm, base, api, wire }
}

function readRoomPlaces(value: unknown): RoomPlaces | null {
  if (typeof value !== "object" || value === null) return null
  const { channel, irc } = value as Readonly<Record<string, unknown>>
  if (typeof channel !== "string" || channel === "") return null
  const places = Array.isArray(irc) ? (irc as readonly unknown[]) : []
  return { channel, irc: places.map(readIrcPlace).filter((place) => place !== null) }
}

function readIrcPlace(value: unknown): IrcPlace | null {
  if (typeof value !== "object" || value === null) return null
  const { address, channel, path } = value as Readonly<Record<string, unknown>>
  if (typeof address !== "string" || !/^ircs?:\/\/\S+$/.test(address) || !isPath(path)) return null
  return { address, path, channel: typeof channel === "string" ? channel : null }
}

/** Of the server that this page came from. */
function isPath(value: unknown): value is string {
  return typeof value === "string" && /^\/[^/\\]/.test(value)
}

/** The broker behind the server that this page came from, and no other. */
export function brokerUrl(
  page: { readonly protocol: string; readonly host: string },
  mqttPath: string,
): string {
  return `${page.protocol === "https:" ? "wss" : "ws"}://${page.host}${mqttPath}`
}

/** Where the topic is, as `stringphone topic join` reads it. */
export function topicAddress(
  page: { readonly protocol: string; readonly host: string },
  { channel, mqttPath }: Pick<HomeInfo, "channel" | "mqttPath">,
): string {
  return `${brokerUrl(page, mqttPath)}#${channel.split("/").map(encodeURIComponent).join("/")}`
}

/** @throws {ChannelError} `unreachable`, `other-protocol` */
export async function fetchHomeInfo(): Promise<HomeInfo> {
  const value = await fetchJson()
  const info = readHomeInfo(value)
  if (info) return info
  const sentence =
    "What answers here is no home that this page can talk to. Stop and start “stringphone up”, then reload this page: both have to be of one version."
  throw new ChannelError("other-protocol", sentence)
}

async function fetchJson(): Promise<unknown> {
  let cause: unknown
  try {
    const response = await fetch("/home.json", { cache: "no-store" })
    if (response.ok) return await response.json()
  } catch (error) {
    cause = error
  }
  const sentence =
    "The home does not answer. Is “stringphone up” running, and is this device in the same network?"
  throw new ChannelError("unreachable", sentence, { cause })
}
