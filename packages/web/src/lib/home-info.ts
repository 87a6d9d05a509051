import { ChannelError } from "stringphone/bytes"

/** What the page's server tells about the home (`/home.json`). None of it is secret or trusted. */
export interface HomeInfo {
  /** The MQTT topic. */
  readonly channel: string
  /** Where the broker takes WebSockets, as in `/mqtt`. */
  readonly mqttPath: string
  /** Where devices reach the same broker, for people; empty when the server did not tell. */
  readonly broker: string
}

/** @returns `null` for what does not describe a home. */
export function readHomeInfo(value: unknown): HomeInfo | null {
  if (typeof value !== "object" || value === null) return null
  const { channel, mqttPath, broker } = value as Readonly<Record<string, unknown>>
  if (typeof channel !== "string" || channel === "") return null
  if (typeof mqttPath !== "string" || !/^\/[^/\\]/.test(mqttPath)) return null
  return { channel, mqttPath, broker: typeof broker === "string" ? broker : "" }
}

/** The broker behind the server that this page came from, and no other. */
export function brokerUrl(
  page: { readonly protocol: string; readonly host: string },
  mqttPath: string,
): string {
  return `${page.protocol === "https:" ? "wss" : "ws"}://${page.host}${mqttPath}`
}

/** @throws {ChannelError} `unreachable` */
export async function fetchHomeInfo(): Promise<HomeInfo> {
  let cause: unknown
  try {
    const response = await fetch("/home.json", { cache: "no-store" })
    const info = response.ok ? readHomeInfo(await response.json()) : null
    if (info) return info
  } catch (error) {
    cause = error
  }
  const sentence =
    "The home does not answer. Is “stringphone up” running, and is this device in the same network?"
  throw new ChannelError("unreachable", sentence, { cause })
}
