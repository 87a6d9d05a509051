import { ChannelError } from "../../src/bytes/index.js"
import { SimulatedClock } from "../../src/transport/clock.js"
import { Connection } from "../../src/transport/irc/connection.js"
import type { IrcLink, IrcUserOptions } from "../../src/transport/irc/index.js"

/** One connection to a server that does what the test says. */
export class ScriptedLink implements IrcLink {
  /** What the client sent and the test has not looked at. */
  readonly sent: string[] = []
  readonly lost: Promise<ChannelError>
  isClosed = false
  #hear: (line: string) => void = () => {}
  #lose: (error: ChannelError) => void = () => {}

  constructor() {
    this.lost = new Promise((resolve) => (this.#lose = resolve))
  }

  send(line: string): void {
    this.sent.push(line)
  }

  onLine(listener: (line: string) => void): void {
    this.#hear = listener
  }

  async close(): Promise<void> {
    this.isClosed = true
    this.lose()
  }

  /** The server says these lines. */
  say(...lines: readonly string[]): void {
    for (const line of lines) this.#hear(line)
  }

  lose(): void {
    this.#lose(new ChannelError("connection-lost", "The connection to the test was lost."))
  }

  /** What was sent since the last look. */
  take(): string[] {
    return this.sent.splice(0)
  }
}

export interface Scripted {
  readonly clock: SimulatedClock
  readonly connection: Connection
  /** Each attempt to connect, the last one last. */
  readonly links: readonly ScriptedLink[]
  /** How the first attempt ends. */
  readonly opened: Promise<void>
}

/** A connection that dials scripted links. */
export function scripted(options: Partial<IrcUserOptions> = {}): Scripted {
  const clock = new SimulatedClock()
  const links: ScriptedLink[] = []
  const connection = new Connection(
    {
      address: "ircs://irc.example:6697",
      where: "irc.example:6697",
      isRegistered: false,
      async dial() {
        const link = new ScriptedLink()
        links.push(link)
        return link
      },
    },
    { nick: "ada", clock, backoff: { random: () => 1 }, ...options },
  )
  const opened = connection.open(options.waitForServer ?? false)
  opened.catch(() => {})
  return { clock, connection, links, opened }
}

export interface WelcomeOptions {
  readonly nick?: string
  readonly version?: string
  readonly tokens?: string
}

/** A server greets. */
export function welcome(link: ScriptedLink, options: WelcomeOptions = {}): void {
  const { nick = "ada", version = "test-1", tokens = "NICKLEN=30 CASEMAPPING=ascii" } = options
  link.say(
    "CAP * LS :",
    `:irc.example 001 ${nick} :Welcome`,
    `:irc.example 004 ${nick} irc.example ${version} a b`,
    `:irc.example 005 ${nick} ${tokens} :are supported`,
    `:irc.example 422 ${nick} :No MOTD`,
  )
}

/** Connected, and in one channel with these. */
export async function inKitchen(names = "@bob eve", options: Partial<IrcUserOptions> = {}) {
  const script = scripted(options)
  await script.clock.advance(0)
  const link = script.links[0] as ScriptedLink
  welcome(link)
  await script.opened
  const channel = script.connection.channel("#kitchen")
  enter(link, "#kitchen", names)
  await script.clock.advance(10_000) // until a burst may be sent again
  link.take()
  return { ...script, link, channel }
}

/** The server lets us in. */
export function enter(link: ScriptedLink, name: string, names: string, nick = "ada"): void {
  link.say(
    `:${nick}!~ada@host.example JOIN ${name}`,
    `:irc.example 353 ${nick} = ${name} :${nick} ${names}`,
    `:irc.example 366 ${nick} ${name} :End`,
  )
}
