import type { Socket } from "node:net"
import { ChannelError, concat, u16, u8, utf8 } from "../../bytes/index.js"
import { hostAndPort } from "../address.js"
import type { SocksProxy } from "./options.js"

/** RFC 1928 §6, in words. */
const replies: Readonly<Record<number, string>> = {
  1: "it failed",
  2: "its rules forbid it",
  3: "that network can not be reached",
  4: "that host can not be reached",
  5: "nobody answers there",
  6: "it took too long",
  7: "it can not do that",
  8: "it does not know that kind of address",
}

const version = 5
const withoutLogin = 0
const withPassword = 2

/**
 * Asks a SOCKS5 proxy (RFC 1928, RFC 1929) for a connection to a host, by its name: the proxy looks it
 * up, so that nobody else hears whom we talk to, and `.onion` names work.
 *
 * @throws {ChannelError} `proxy-refused`
 */
export async function openSocksTunnel(
  socket: Socket,
  proxy: SocksProxy,
  host: string,
  port: number,
): Promise<void> {
  const refused = (why: string): ChannelError =>
    new ChannelError(
      "proxy-refused",
      `The proxy at ${hostAndPort(proxy.host, proxy.port)} did not connect us: ${why}.`,
    )
  const answer = new Bytes(socket)
  const hasLogin = proxy.username !== undefined
  socket.write(Uint8Array.of(version, 1, hasLogin ? withPassword : withoutLogin))
  const [spoken, method] = await answer.take(2)
  if (spoken !== version) throw refused("it does not speak SOCKS5")
  if (method === withPassword && hasLogin) {
    const { username = "", password = "" } = proxy
    const [user, secret] = [utf8(username), utf8(password)]
    socket.write(concat(u8(1), u8(user.length), user, u8(secret.length), secret))
    const [, status] = await answer.take(2)
    if (status !== 0) throw refused("it does not accept this name and password")
  } else if (method !== withoutLogin) throw refused("it wants another login")
  const name = utf8(host)
  // 1: connect; 0: reserved; 3: a name follows, also where it is an address in digits.
  socket.write(concat(Uint8Array.of(version, 1, 0, 3, name.length), name, u16(port)))
  const [, reply = 1, , kind] = await answer.take(4)
  if (reply !== 0) throw refused(replies[reply] ?? `reply ${reply}`)
  const [length = 0] = kind === 3 ? await answer.take(1) : [kind === 4 ? 16 : 4]
  await answer.take(length + 2)
  answer.release()
}

/** Reads exactly so many bytes; what comes behind them stays in the socket. */
class Bytes {
  readonly #socket: Socket
  #held: Uint8Array = new Uint8Array(0)
  #wake: () => void = () => {}
  readonly #read = (chunk: Uint8Array): void => {
    this.#held = concat(this.#held, chunk)
    this.#wake()
  }

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on("data", this.#read)
  }

  async take(length: number): Promise<Uint8Array> {
    while (this.#held.length < length) await new Promise<void>((wake) => (this.#wake = wake))
    const taken = this.#held.slice(0, length)
    this.#held = this.#held.slice(length)
    return taken
  }

  release(): void {
    this.#socket.off("data", this.#read)
    this.#socket.pause()
    if (this.#held.length > 0) this.#socket.unshift(this.#held)
  }
}
