import type { Command } from "commander"
import { UsageError } from "stringphone/bytes"
import type { UpOptions } from "../home/run.js"
import { parseSeconds } from "../seconds.js"
import { parseBrokerUrl } from "../topic-address.js"
import { examples, run } from "./shape.js"

export function addUpCommand(parent: Command): void {
  const up = parent
    .command("up")
    .description(
      "run a home of three devices, a page for your phone, an API behind logins, and a broker",
    )
    .option("--broker <url>", "use this MQTT broker instead of one in this process", parseBrokerUrl)
    .option("--host <address>", "where the page listens", "127.0.0.1")
    .option("--port <port>", "its port", parsePort, 8080)
    .option("--mqtt-host <address>", "where the broker in this process listens", "127.0.0.1")
    .option("--mqtt-port <port>", "its port", parsePort, 1883)
    .option(
      "--name <host>",
      "another name by which the page is asked for (repeatable)",
      collect,
      [],
    )
    .option(
      "--irc <url>",
      "an IRC server that the page may reach for its rooms, as ircs://irc.example.org (repeatable)",
      collect,
      [],
    )
    .option("--pair-seconds <seconds>", "how long p opens the pairing window", parseSeconds, 60)
    .action(
      run(async (context, options: UpOptions) => {
        // Brokers, servers and sensors take a while to load; no other command needs them.
        const { runHome } = await import("../home/run.js")
        await runHome(context, options)
      }),
    )
  examples(up, [
    "up",
    "up --port 3000 --mqtt-port 2883",
    "up --host 0.0.0.0",
    "up --irc ircs://irc.example.org --irc 'irc://127.0.0.1/#kitchen'",
    "up --broker mqtts://ann@broker.example   (asks for the password)",
  ])
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1
  if (port >= 0 && port < 65_536) return port
  throw new UsageError("bad-port", "A port is a number from 0 (any free one) to 65535.")
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text]
}
