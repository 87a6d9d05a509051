import { connect as connectTcp, type Socket } from "node:net"
import { connect as connectTls } from "node:tls"
import type { RawData, WebSocket } from "ws"
import { LineRate, LineSplitter, maxLineBytes } from "./irc-gateway-limits.js"
import type { NamedIrcServer } from "./irc-gateway-servers.js"

const connectMs = 15_000
/** So much may wait for a page that reads slowly, before its server waits. */
const maxWaitingBytes = 256 * 1_024
const endMs = 2_000

/** Codes of WebSockets (RFC 6455 §7.4). */
const normal = 1_000
const goingAway = 1_001
const unsupported = 1_003
const againstPolicy = 1_008
const tryAgainLater = 1_013

/**
 * Relays between a page and an IRC server: one line in each frame (IRCv3 `text.ircv3.net`). Knows
 * nothing of what it carries. When either side ends, so does the other; why is the last line that the
 * page hears, `ERROR :…` as of a server, and the reason of the WebSocket's end.
 */
export function relayIrc(server: NamedIrcServer, page: WebSocket): void {
  const { address, host, port, tls } = server
  const link = tls
    ? connectTls({ host, port, ...(isName(host) && { servername: host }) })
    : connectTcp({ host, port })
  link.setNoDelay(true)
  link.setTimeout(connectMs)
  const rate = new LineRate(() => performance.now())
  const splitter = new LineSplitter()
  /** Came while the server's certificate was not checked yet; `null`: it is. */
  let early: string[] | null = []
  let isOver = false

  const end = (code: number, sentence: string): void => {
    if (isOver) return
    isOver = true
    if (page.readyState === page.OPEN) {
      page.send(`ERROR :${sentence.replace(/\.$/, "")}`)
      page.close(code, firstBytes(sentence))
      // Whoever does not answer to that is gone.
      setTimeout(() => page.terminate(), endMs).unref()
    }
    hangUp(link)
  }

  const goOn = (): void => {
    if (page.bufferedAmount === 0) link.resume()
  }

  page.on("message", (data: RawData, isBinary: boolean) => {
    if (isOver) return
    if (isBinary) return end(unsupported, "Only text is relayed here, one line in each frame.")
    const line = (data as Buffer).toString("utf8").replace(/\r?\n$/, "")
    if (/[\r\n\0]/.test(line) || Buffer.byteLength(line) > maxLineBytes) {
      return end(againstPolicy, "A frame is one line of IRC, and not longer than one.")
    }
    if (!rate.take()) return end(againstPolicy, "Too many lines at once. Wait a little.")
    if (early) early.push(line)
    else link.write(`${line}\r\n`)
    if (link.writableLength > maxWaitingBytes) end(tryAgainLater, `${address} takes no more lines.`)
  })
  page.on("error", () => {}) // `close` follows
  page.on("close", () => {
    isOver = true
    hangUp(link)
  })

  link.on(tls ? "secureConnect" : "connect", () => {
    link.setTimeout(0)
    for (const line of early ?? []) link.write(`${line}\r\n`)
    early = null
  })
  link.on("data", (chunk: Buffer) => {
    const lines = isOver ? [] : splitter.push(chunk)
    if (!lines) return end(unsupported, `What ${address} sends is not IRC.`)
    for (const line of lines) page.send(line, goOn)
    if (page.bufferedAmount > maxWaitingBytes) link.pause()
  })
  link.on("timeout", () => end(tryAgainLater, `${address} did not answer in time.`))
  link.on("error", (error: NodeJS.ErrnoException) => {
    end(tryAgainLater, early ? whyNot(address, error) : `The connection to ${address} broke.`)
  })
  link.on("close", () => end(early ? goingAway : normal, `${address} ended the connection.`))
}

function whyNot(address: string, { code = "", message }: NodeJS.ErrnoException): string {
  const isCertificate =
    /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code) ||
    /certificate/.test(message)
  if (isCertificate) {
    return `The certificate of ${address} is not one to be trusted (${code || "no reason given"}).`
  }
  return `${address} can not be reached (${code || "no reason given"}).`
}

function hangUp(link: Socket): void {
  if (link.destroyed) return
  link.resume()
  link.end()
  setTimeout(() => link.destroy(), endMs).unref()
}

function isName(host: string): boolean {
  return !/^[\d.]+$|:/.test(host)
}

/** A reason has at most 123 bytes. */
function firstBytes(sentence: string): string {
  return Buffer.from(sentence)
    .subarray(0, 120)
    .toString("utf8")
    .replace(/\uFFFD+$/, "")
}
