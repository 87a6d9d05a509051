import type { Command } from "commander"
import { UsageError } from "stringphone/bytes"
import type { IrcProxyOptions } from "../irc/serve.js"
import { examples, run } from "./shape.js"

export function addIrcCommand(parent: Command): void {
  const irc = parent
    .command("irc <url>")
    .description("a proxy for your IRC client: keeps the connection, and encrypts rooms on the way")
    .option(
      "--listen <host:port>",
      "where your client connects to (default: 127.0.0.1:6667)",
      parseListen,
    )
    .option("--nick <nick>", "what the network calls you")
    .option("--sasl-account <account>", "log in to this account of the IRC network")
    .option(
      "--sasl-password-file <file>",
      "where its password is (or set STRINGPHONE_SASL_PASSWORD, or be asked)",
    )
    .option(
      "--password-file <file>",
      "clients have to say the password in this file, which is made if there is none",
    )
    .option("--proxy <url>", "reach the IRC server through this, as in socks5://127.0.0.1:9050")
    .action(
      run((context, url: string, options: IrcProxyOptions) =>
        context.withRing(async (ring) => {
          // IRC and rooms take a while to load; no other command needs them.
          const { serveIrc } = await import("../irc/serve.js")
          await serveIrc(context, ring, url, options)
        }),
      ),
    )
  examples(irc, [
    "irc ircs://irc.libera.chat --nick ada",
    "irc ircs://ada@irc.example.org --sasl-account ada",
    "irc ircs://irc.example.org --proxy socks5://127.0.0.1:9050   (through Tor)",
    "irc irc://127.0.0.1:6667 --listen 127.0.0.1:6668",
  ])
}

function parseListen(text: string): { readonly host: string; readonly port: number } {
  const [, host = "127.0.0.1", port = ""] = /^(?:(?:\[?([^\]]+)\]?):)?(\d{1,5})$/.exec(text) ?? []
  const number = Number(port)
  if (port !== "" && number < 65_536) return { host, port: number }
  throw new UsageError("bad-address", "Say where, as in 127.0.0.1:6667, or only a port.")
}
