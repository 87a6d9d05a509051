import { networkInterfaces } from "node:os"

/** Whether a server that listens at this host is reached from other computers. */
export function isOpenHost(host: string): boolean {
  return !(host === "localhost" || host === "::1" || host.startsWith("127."))
}

/** How this computer itself reaches a server that listens at `host`, as part of a URL. */
export function loopbackOf(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1"
  if (host === "::") return "[::1]"
  return host.includes(":") ? `[${host}]` : host
}

/** Where other computers find a server that listens at `host`. */
export function lanUrls(host: string, port: number): readonly string[] {
  if (!isOpenHost(host)) return []
  if (host !== "0.0.0.0" && host !== "::") return [`http://${loopbackOf(host)}:${port}/`]
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => `http://${address}:${port}/`)
}
