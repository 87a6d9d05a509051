import { UsageError } from "stringphone/bytes"
import { takeScopes } from "stringphone/login"
import { callerOf, type Handler, protect } from "stringphone/session/login/server"
import type { Context } from "../context.js"
import { listenText, parseListen } from "../hub/address.js"
import { interrupted } from "../interrupt.js"
import { reportKey } from "../person.js"
import { forwardTo, parseForward, targetOf } from "./forward.js"
import { startHttpServer } from "./http-server.js"
import { ServeLog } from "./serve-log.js"
import { type LoginPlace, loginFolder, withLoginPlace } from "./server-place.js"

export interface ServeOptions {
  readonly listen: string
  readonly forward?: string
  readonly scope?: readonly string[]
  readonly authority?: readonly string[]
  readonly origin?: readonly string[]
  readonly mode?: "signed" | "sealed"
  readonly folder?: string
}

/** `login serve`: until Ctrl-C or SIGTERM. */
export async function serveLogins(context: Context, options: ServeOptions): Promise<void> {
  const { authority: authorities, forward, mode, origin: origins, scope = [] } = options
  const listen = parseListen(options.listen)
  const api = forward === undefined ? null : parseForward(forward)
  const scopes = takeScopes(scope)
  for (const one of authorities ?? []) assertAuthority(one)
  const app = protect(api ? forwardTo(api) : sayWhoCalls, {
    scopes,
    ...(mode && { modes: [mode] }),
  })
  const log = new ServeLog(context)
  const serve = async ({ folder, server }: LoginPlace): Promise<void> => {
    const ending = interrupted()
    const http = await startHttpServer(listen, server.handler(app), (error) =>
      log.hear({ kind: "trouble", error }),
    )
    const url = listenText("http", { host: listen.host, port: http.port })
    const { words } = reportKey(server.identity.publicKey)
    log.say(`Logins for ${server.realm} at ${url}; Ctrl-C ends it. Server: ${words}`, {
      event: "started",
      url,
      realm: server.realm,
      folder,
      forward: api?.origin ?? null,
      server: reportKey(server.identity.publicKey),
    })
    if (api && !isThisComputer(api)) {
      context.warn(
        `What goes on to ${api.origin} is not protected: who is in between reads it, and can call.`,
      )
    }
    await ending.promise
    log.say("Stopping.", { event: "stopping" })
    await http.close()
    log.flush()
    log.say("Stopped.", { event: "stopped" })
  }
  await withLoginPlace(context, loginFolder(options.folder), serve, {
    onEvent: (event) => log.hear(event),
    ...(authorities && { authorities }),
    ...(origins && { origins }),
  })
}

/** Without an API behind it, for trying it out. */
const sayWhoCalls: Handler = (request) =>
  Response.json({ ...callerOf(request), method: request.method, path: targetOf(request) })

function isThisComputer({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.")
}

function assertAuthority(text: string): void {
  if (/^[A-Za-z0-9.-]+(?::\d{1,5})?$|^\[[0-9a-f:.]+\](?::\d{1,5})?$/i.test(text)) return
  throw new UsageError(
    "bad-authority",
    "An authority is a host as in addresses, with its port: lamp.local:8484",
  )
}
