import { once } from "node:events"
import { type AddressInfo, type Socket, connect, createServer } from "node:net"

export interface NatsMeddler {
  readonly port: number
  stop(): Promise<void>
}

/** A request of the client, which travels alone. */
export interface NatsRequest {
  readonly subject: string
  /** Answers instead of the server, which then never sees it. */
  answer(body: unknown): void
}

/**
 * Stands between one client and a server, and shows each request before it goes on: what happens in the
 * same moment by chance can so be made to happen.
 */
export async function startNatsMeddler(
  target: number,
  meddle: (request: NatsRequest) => Promise<void>,
): Promise<NatsMeddler> {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const onward = connect(target, "127.0.0.1")
    for (const socket of [client, onward]) {
      sockets.add(socket)
      socket.on("error", () => {})
    }
    client.on("close", () => onward.destroy())
    onward.on("close", () => client.destroy())
    onward.on("data", (chunk: Buffer) => client.write(chunk))
    void passOn(client, onward, meddle)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = once(server, "close")
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

async function passOn(
  client: Socket,
  onward: Socket,
  meddle: (request: NatsRequest) => Promise<void>,
): Promise<void> {
  const subscriptions = new Map<string, string>()
  try {
    for await (const chunk of client as AsyncIterable<Buffer>) {
      const text = chunk.toString("latin1")
      for (const [, inbox = "", id = ""] of text.matchAll(/SUB (_INBOX\.\S+)\.\* (\d+)\r\n/g)) {
        subscriptions.set(inbox, id)
      }
      const [, subject, reply = ""] = /^PUB (\$JS\.API\.\S+) (\S+) \d+\r\n/.exec(text) ?? []
      const answers: unknown[] = []
      const answer = (body: unknown): void => void answers.push(body)
      if (subject !== undefined) await meddle({ subject, answer })
      if (answers.length === 0) onward.write(chunk)
      const id = subscriptions.get(reply.slice(0, reply.lastIndexOf("."))) ?? ""
      for (const json of answers.map((body) => JSON.stringify(body))) {
        client.write(`MSG ${reply} ${id} ${json.length}\r\n${json}\r\n`)
      }
    }
  } catch {
    // It hung up.
  }
}
