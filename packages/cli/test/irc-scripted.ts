import type { TextChannel } from "stringphone/transport"
import type { IrcConnection, IrcConnectionEvent, IrcTextChannel } from "stringphone/transport/irc"

/** A connection to a server that says what the test says. */
export class ScriptedServer implements IrcConnection {
  readonly address = "irc://irc.test"
  readonly sent: string[] = []
  readonly server: IrcConnection["server"] = {
    name: "irc.test",
    kind: "other",
    version: "",
    capabilities: new Set<string>(),
    tokens: new Map<string, string>(),
  }
  status: IrcConnection["status"] = "connecting"
  nick: string
  readonly #lines = new Set<(line: string) => void>()
  readonly #events = new Set<(event: IrcConnectionEvent) => void>()

  constructor(nick: string) {
    this.nick = nick
  }

  /** Greets, as a server does. */
  greet(nick: string = this.nick): void {
    this.nick = nick
    this.say(
      `:irc.test 001 ${nick} :Welcome to the network ${nick}`,
      `:irc.test 002 ${nick} :Your host is irc.test`,
      `:irc.test 003 ${nick} :This server was created today`,
      `:irc.test 004 ${nick} irc.test test-1 iow ntklbeI`,
      `:irc.test 005 ${nick} PREFIX=(ov)@+ CHANTYPES=# CHANMODES=beI,k,l,imnpst NETWORK=Test CHATHISTORY=50 :are supported by this server`,
      `:irc.test 375 ${nick} :- irc.test`,
      `:irc.test 372 ${nick} :- Be kind.`,
      `:irc.test 376 ${nick} :End`,
    )
    this.setStatus("open")
  }

  /** We are on a channel, with these others. */
  admit(channel: string, names: string): void {
    this.say(
      `:${this.nick}!user@host JOIN ${channel}`,
      `:irc.test 332 ${this.nick} ${channel} :About ${channel}`,
      `:irc.test 353 ${this.nick} = ${channel} :${names}`,
      `:irc.test 366 ${this.nick} ${channel} :End of NAMES`,
    )
  }

  say(...lines: readonly string[]): void {
    for (const line of lines) for (const listener of this.#lines) listener(line)
  }

  setStatus(status: IrcConnection["status"]): void {
    this.status = status
    for (const listener of this.#events) listener({ kind: "status", status })
  }

  channel(name: string): IrcTextChannel {
    this.sent.push(`JOIN ${name}`)
    return silentChannel(name)
  }

  async join(name: string): Promise<IrcTextChannel> {
    return this.channel(name)
  }

  async sendLine(line: string): Promise<void> {
    this.sent.push(line)
  }

  onLine(listener: (line: string) => void): () => void {
    this.#lines.add(listener)
    return () => void this.#lines.delete(listener)
  }

  changeNick(nick: string): void {
    this.sent.push(`NICK ${nick}`)
  }

  onEvent(listener: (event: IrcConnectionEvent) => void): () => void {
    this.#events.add(listener)
    return () => void this.#events.delete(listener)
  }

  async close(): Promise<void> {}
}

function silentChannel(name: string): IrcTextChannel {
  const channel: TextChannel & { readonly name: string } = {
    name,
    address: `irc://irc.test/${name}`,
    status: "open",
    ownName: "ann",
    names: [],
    maxLineBytes: () => 400,
    send: async () => {},
    onEvent: () => () => {},
    close: async () => {},
  }
  return channel
}
