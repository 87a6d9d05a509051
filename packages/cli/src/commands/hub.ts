import type { Command } from "commander"
import type { HubFlags, LimitName } from "../hub/config.js"
import { collect, examples, run } from "./shape.js"

interface HubOptions {
  readonly config?: string
  readonly folder?: string
  readonly listenTcp?: readonly string[]
  readonly listenWs?: readonly string[]
  readonly connect?: readonly string[]
  readonly watch?: readonly string[]
  readonly backbone?: string
  readonly archive?: string
  readonly archiveSchema?: string
  readonly http?: string
  readonly check?: true
  readonly confirmDate?: true
}

/** Which limit an option says; sizes as 512MiB, times in seconds. */
const limitOptions: readonly (readonly [flags: string, name: LimitName, description: string])[] = [
  ["--max-bytes <size>", "maxBytes", "how much is kept (default: 1GiB)"],
  ["--link-max-bytes <size>", "linkMaxBytes", "how much of it one neighbour may have"],
  ["--link-share <percent>", "linkSharePercent", "the same as a share (default: 50)"],
  ["--max-envelope-bytes <size>", "maxEnvelopeBytes", "larger ones are refused (default: 1MiB)"],
  ["--min-stamp-bits <bits>", "minStampBits", "ask for work of this difficulty (default: 0)"],
  [
    "--hold <seconds>",
    "holdMs",
    "how long mail waits on average before others see it (default: 30)",
  ],
  [
    "--cover <seconds>",
    "coverEveryMs",
    "post a dummy each time when there is no mail (default: off)",
  ],
  ["--max-connections <number>", "maxConnections", "more are turned away (default: 1000)"],
  ["--watch-every <seconds>", "watchEveryMs", "how often folders are looked at (default: 10)"],
  [
    "--backbone-max-bytes <size>",
    "backboneMaxBytes",
    "what the backbone's stream may keep, when this hub makes it (default: 16GiB)",
  ],
]

export function addHubCommand(parent: Command): void {
  const hub = parent
    .command("hub")
    .description("carry everybody's mail as a service, without being able to read any of it")
    .option(
      "--config <file>",
      "a JSON file (default: hub.json beside the key rings, if it is there)",
    )
    .option("--listen-tcp <host:port>", "let other hubs connect (repeatable)", collect)
    .option("--listen-ws <host:port>", "let other hubs connect by WebSocket (repeatable)", collect)
    .option(
      "--connect <address>",
      "another hub, or a channel that hubs share (repeatable)",
      collect,
    )
    .option("--watch <folder>", "keep a shared folder level, as a stick (repeatable)", collect)
    .option("--backbone <address>", "a stream of NATS that joins hubs of yours: nats://server/name")
    .option("--archive <url>", "keep the envelopes in PostgreSQL: postgresql://server/database")
    .option("--archive-schema <name>", "another one for each hub (default: stringphone)")
    .option("--http <host:port>", "answer /healthz, /readyz and /metrics there")
    .option(
      "--folder <folder>",
      "where the envelopes are (default: hub-service beside the key rings)",
    )
    .option("--confirm-date", "the date of this computer is right, although it leapt")
    .option("--check", "say what the configuration means, and end")
  for (const [flags, , description] of limitOptions) hub.option(flags, description)
  hub.action(
    run(async (context, options: HubOptions) => {
      const { readHubConfig } = await import("../hub/config-file.js")
      const config = await readHubConfig(options.config ?? null, await flagsOf(hub, options))
      if (options.check) {
        const { describeHub, reportHub } = await import("../hub/describe.js")
        return context.print(describeHub(config), reportHub(config))
      }
      // Stores and channels take a while to load; no other command needs them.
      const { runHub } = await import("../hub/run.js")
      await runHub(context, config)
    }),
  )
  examples(hub, [
    "hub --listen-tcp 0.0.0.0:4040 --http 127.0.0.1:9464",
    "hub --connect tcp://hub.example:4040 --connect mqtt://broker.example/our-street",
    "hub --watch /mnt/share --max-bytes 512MiB",
    "hub --backbone nats://nats.example/mail --archive postgresql://hub@db.example/mail",
    "hub --config /etc/stringphone/hub.json --json",
  ])
}

async function flagsOf(hub: Command, options: HubOptions): Promise<HubFlags> {
  const { parseLimit } = await import("../hub/config.js")
  const limits: Partial<Record<LimitName, number>> = {}
  for (const [flags, name] of limitOptions) {
    const option = hub.options.find((one) => one.flags === flags)
    const value: unknown = option && hub.getOptionValue(option.attributeName())
    if (typeof value === "string") limits[name] = parseLimit(name, value)
  }
  const { archive, archiveSchema, backbone, confirmDate, connect } = options
  const { folder, http, listenTcp, listenWs, watch } = options
  return {
    limits,
    ...(confirmDate && { confirmDate }),
    ...(connect && { connect }),
    ...(listenTcp && { listenTcp }),
    ...(listenWs && { listenWs }),
    ...(watch && { watch }),
    ...(backbone !== undefined && { backbone }),
    ...(archive !== undefined && { archive }),
    ...(archiveSchema !== undefined && { archiveSchema }),
    ...(http !== undefined && { http }),
    ...(folder !== undefined && { folder }),
  }
}
