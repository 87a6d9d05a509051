import { Client } from "irc-framework"

/** Somebody on the channel with a client that is not ours, who writes down everything. */
export interface Observer {
  readonly client: Client
  readonly nick: string
  /** Every line that the server sent to it. */
  readonly lines: readonly string[]
  say(channel: string, text: string): void
  /** A line of IRC as it stands, as `KICK #kitchen bob`. */
  raw(line: string): void
  leave(): Promise<void>
}

export async function observe(port: number, nick: string, channel: string): Promise<Observer> {
  const client = new Client()
  const lines: string[] = []
  client.on("raw", ({ line, from_server }) => {
    if (from_server) lines.push(line.replace(/\r?\n$/, ""))
  })
  const registered = new Promise<void>((resolve) => client.once("registered", resolve))
  client.connect({ host: "127.0.0.1", port, nick, auto_reconnect: false })
  await registered
  const joined = new Promise<void>((resolve) => {
    client.on("raw", ({ line }) => {
      if (line.includes(` 366 ${nick} ${channel} `)) resolve()
    })
  })
  client.join(channel)
  await joined
  return {
    client,
    nick,
    lines,
    say: (to, text) => client.say(to, text),
    raw: (line) => client.raw(line),
    async leave() {
      const closed = new Promise<void>((resolve) => client.on("socket close", resolve))
      client.quit("bye")
      await closed
    },
  }
}
