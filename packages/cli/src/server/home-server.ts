import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { Duplex } from "node:stream"
import { DeviceRoutes, type ShownDevice } from "./device-routes.js"
import { IrcGateway } from "../home/irc-gateway.js"
import type { NamedIrcServer, ReportedIrcServer } from "../home/irc-gateway-servers.js"
import type { ActionOutcome, EavesdropperAction } from "./eavesdropper.js"
import { EavesdropperRoute, eavesdropperPath } from "./eavesdropper-route.js"
import { isOurName, setSecurityHeaders } from "./guard.js"
import { limitOptions, usualHttpLimits } from "./http-limits.js"
import { type LoginJson, LoginRoutes, type LoginService, reportLogins } from "./login-routes.js"
import { MqttSocket } from "./mqtt-socket.js"
import { listenNear } from "./ports.js"
import { webApp } from "./web-app.js"

/** What the page has to know: where the home talks, and through which broker. Nothing secret. */
export interface HomeJson {
  /** 2: topics of our own, spec/topic.md. */
  readonly protocol: 2
  /** Whether `POST /eavesdropper` makes the broker tamper. */
  readonly eavesdropper: boolean
  readonly channel: string
  readonly mqttPath: string
  readonly embedded: boolean
  readonly tcp: { readonly host: string; readonly port: number } | null
  /** Without user and password. */
  readonly broker: string
  readonly rooms: {
    /** Where people talk, beside the devices: a topic of the same broker. */
    readonly channel: string
    readonly irc: readonly ReportedIrcServer[]
  }
  /** `null`: logins do not work here. */
  readonly login: LoginJson | null
}

export interface HomeServerOptions {
  readonly host: string
  readonly port: number
  readonly names: readonly string[]
  /** What the page may reach through this server. */
  readonly irc: readonly NamedIrcServer[]
  readonly home: () => Omit<HomeJson, "login">
  readonly devices: () => readonly ShownDevice[]
  /** Gets the bytes of one MQTT client. */
  readonly serveMqtt: (stream: Duplex) => void
  /** Makes the broker tamper; `null`: it is not ours to ask. */
  readonly tamper: ((action: EavesdropperAction) => ActionOutcome) | null
  /** `null`: there is no API. */
  readonly logins: LoginService | null
}

export interface HomeServer {
  readonly port: number
  close(): Promise<void>
}

export const mqttPath = "/mqtt"

/** The page, the device pages, `/home.json`, logins and API, MQTT and IRC over WebSocket, on one port. */
export async function startHomeServer(options: HomeServerOptions): Promise<HomeServer> {
  const { devices, host, irc, logins, names, serveMqtt, tamper } = options
  const routes = new DeviceRoutes(devices)
  const eavesdropper = tamper && new EavesdropperRoute(tamper)
  const calls = logins && new LoginRoutes(logins)
  const files = webApp()
  const sockets = new MqttSocket({ path: mqttPath, names, serve: serveMqtt })
  const gateway = new IrcGateway({ servers: irc, names })
  const server: Server = createServer(limitOptions(usualHttpLimits), (request, response) => {
    if (!isOurName(request, names)) return refuse(response, 421, "This server has another name.\n")
    const path = pathOf(request)
    if (calls?.answer(request, response, path)) return
    setSecurityHeaders(request, response)
    if (eavesdropper && path === eavesdropperPath && request.method === "POST") {
      return eavesdropper.answer(request, response)
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return refuse(response, 405, "Only GET is answered here.\n")
    }
    if (path === "/home.json") {
      return sendJson(response, { ...options.home(), login: logins && reportLogins(logins) })
    }
    if (!routes.answer(request, response, path)) files(request, response)
  })
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!gateway.upgrade(request, socket, head)) sockets.upgrade(request, socket, head)
  })
  server.maxConnections = usualHttpLimits.connections
  const port = await listenNear(server, host, options.port)
  return {
    port,
    async close() {
      routes.close()
      calls?.close()
      sockets.close()
      gateway.close()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function pathOf({ url = "/" }: IncomingMessage): string {
  return url.split("?")[0] ?? "/"
}

function sendJson(response: ServerResponse, value: HomeJson): void {
  response.setHeader("Content-Type", "application/json; charset=utf-8")
  response.setHeader("Cache-Control", "no-store")
  response.end(JSON.stringify(value))
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status
  response.setHeader("Content-Type", "text/plain; charset=utf-8")
  response.end(text)
}
