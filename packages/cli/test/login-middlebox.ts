import { createServer, request as requestHttp } from "node:http"
import type { AddressInfo } from "node:net"
import { buffer } from "node:stream/consumers"
import { onTestFinished } from "vitest"

/** What goes by, to be changed. */
export interface Passing {
  target: string
  /** `undefined`: it is left out. */
  readonly fields: Record<string, string | string[] | undefined>
  body: Buffer
}

export interface Meddling {
  readonly asked?: (passing: Passing) => unknown
  readonly answered?: (passing: Passing) => unknown
}

/** A proxy between a device and a server that does what such proxies do. */
export async function middlebox(
  serverUrl: string | (() => string),
  { answered, asked }: Meddling,
): Promise<{ readonly url: string }> {
  const server = createServer((incoming, outgoing) => {
    const pass = async (): Promise<void> => {
      const { headers: fields, method, url: target = "/" } = incoming
      const passing: Passing = { target, fields: { ...fields }, body: await buffer(incoming) }
      asked?.(passing)
      const call = requestHttp(typeof serverUrl === "string" ? serverUrl : serverUrl(), {
        method,
        path: passing.target,
        headers: kept(passing),
        agent: false,
      })
      call.on("error", () => outgoing.destroy())
      call.on("response", (message) => {
        void buffer(message).then((body) => {
          const answer: Passing = { target, fields: { ...message.headers }, body }
          answered?.(answer)
          outgoing.writeHead(message.statusCode ?? 0, kept(answer)).end(answer.body)
        })
      })
      call.end(passing.body)
    }
    void pass()
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

function kept({ fields }: Passing): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(fields).filter(
      (one): one is [string, string | string[]] => one[1] !== undefined,
    ),
  )
}
