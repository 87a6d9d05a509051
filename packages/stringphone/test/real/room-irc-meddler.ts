import { once } from "node:events"
import { type AddressInfo, connect, createServer } from "node:net"
import { createInterface } from "node:readline"
import { SeededRandom } from "../../src/transport/random.js"

/** What a server does with what people say. */
export type Meddling =
  | "nothing"
  /** Drops, delays, doubles and repeats, and has others say it. */
  | "everything"
  /** Delivers nothing that anybody says. */
  | "silence"

/** Stands before a server, as the server: all that is said to its clients goes through its hands. */
export interface Meddler {
  readonly port: number
  readonly passed: readonly string[]
  meddling: Meddling
  /** How often it did what. */
  readonly deeds: Readonly<Record<"dropped" | "delayed" | "doubled" | "repeated", number>>
  /** Says everything that was ever said once more. */
  replay(): void
  stop(): Promise<void>
}

export async function startMeddler(serverPort: number, seed: number): Promise<Meddler> {
  const random = new SeededRandom(seed)
  const passed: string[] = []
  const said: string[] = []
  const deeds = { dropped: 0, delayed: 0, doubled: 0, repeated: 0 }
  const ends = new Set<() => void>()
  const outlets = new Set<(line: string) => void>()
  let meddling: Meddling = "nothing"

  const meddle = (line: string, tell: (line: string) => void): void => {
    if (meddling === "nothing") return tell(line)
    if (meddling === "silence" || random.chance(0.1)) {
      deeds.dropped++
      return
    }
    if (random.chance(0.15)) {
      deeds.delayed++
      setTimeout(() => tell(line), 50 + random.below(1_500)).unref()
      return
    }
    tell(line)
    if (random.chance(0.15)) {
      deeds.doubled++
      tell(line)
    }
    if (random.chance(0.15)) {
      deeds.repeated++
      const [older = line, other = line] = [said, said].map((all) => all[random.below(all.length)])
      tell(older)
      // What one has said, as if another one had.
      tell(older.replace(/^\S+/, /^\S+/.exec(other)?.[0] ?? ""))
    }
  }

  const server = createServer((near) => {
    const far = connect(serverPort, "127.0.0.1")
    const end = (): void => {
      near.destroy()
      far.destroy()
    }
    ends.add(end)
    const tell = (line: string): void => {
      if (near.writable) near.write(`${line}\r\n`)
    }
    outlets.add(tell)
    for (const socket of [near, far]) {
      socket.on("error", () => {})
      socket.on("close", () => {
        outlets.delete(tell)
        end()
      })
    }
    createInterface({ input: near }).on("line", (line) => {
      passed.push(line)
      if (far.writable) far.write(`${line}\r\n`)
    })
    createInterface({ input: far }).on("line", (line) => {
      passed.push(line)
      if (!/^\S+ PRIVMSG /.test(line)) return tell(line)
      said.push(line)
      meddle(line, tell)
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    port: (server.address() as AddressInfo).port,
    passed,
    deeds,
    get meddling() {
      return meddling
    },
    set meddling(next) {
      meddling = next
    },
    replay() {
      for (const tell of outlets) for (const line of said) tell(line)
    },
    async stop() {
      const closed = once(server, "close")
      server.close()
      for (const end of ends) end()
      await closed
    },
  }
}
