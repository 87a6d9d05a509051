import { writeFile } from "node:fs/promises"
import type { Command } from "commander"
import { UsageError } from "stringphone/bytes"
import { takePetname } from "stringphone/identity"
import type { PairOptions } from "../bridge/pair.js"
import { parseSeconds } from "../seconds.js"
import { brokerName } from "../channel-address.js"
import type { Context } from "../context.js"
import { redactedBroker } from "../topic-address.js"
import { examples, run } from "./shape.js"

export function addBridgeCommand(parent: Command): void {
  const bridge = parent
    .command("bridge")
    .description("let plain MQTT devices take part in an encrypted topic, by rules")
  examples(bridge, [
    "bridge init bridge.json",
    "bridge check bridge.json",
    "bridge pair bridge.json",
    "bridge run bridge.json",
  ])

  const init = bridge
    .command("init [file]")
    .description("write an example of a configuration, or print it")
    .option("--mirror", "of the other end")
    .action(
      run((context, file: string | undefined, options: { mirror?: boolean }) =>
        writeExample(context, file, options.mirror ?? false),
      ),
    )
  examples(init, ["bridge init", "bridge init bridge.json", "bridge init --mirror mirror.json"])

  const check = bridge
    .command("check <config>")
    .description("say what is wrong with a configuration, or what it means")
    .action(run((context, path: string) => checkConfig(context, path)))
  examples(check, ["bridge check bridge.json"])

  const start = bridge
    .command("run <config>")
    .description("pass on what the rules allow, both ways, until Ctrl-C or SIGTERM")
    .action(run((context, path: string) => runAs(context, path, "bridge")))
  examples(start, ["bridge run bridge.json", "--as bridge --json bridge run /etc/bridge.json"])

  const mirror = bridge
    .command("mirror <config>")
    .description(
      "the other end: show what a bridge tells at a local broker, and command from there",
    )
    .action(run((context, path: string) => runAs(context, path, "mirror")))
  examples(mirror, ["bridge mirror mirror.json"])

  const pair = bridge
    .command("pair <config>")
    .description("let one more into the topic, which is founded if there is none")
    .option("--wait <seconds>", "how long the window is open", parseSeconds, 300)
    .option("--no-show-code", "show no code; only compare")
    .option("--petname <name>", "your name for whom you let in", takePetname)
    .option("--admin", "make it an admin, who may let in and remove others")
    .action(run((context, path: string, options: PairOptions) => pairBy(context, path, options)))
  examples(pair, ["bridge pair bridge.json", 'bridge pair bridge.json --petname "Ada\'s phone"'])
}

async function writeExample(
  context: Context,
  file: string | undefined,
  isMirror: boolean,
): Promise<void> {
  const { exampleBridge, exampleMirror } = await import("../bridge/example.js")
  const example = isMirror ? exampleMirror() : exampleBridge()
  const text = JSON.stringify(example, null, 2)
  if (file === undefined) return context.print(text, example)
  try {
    await writeFile(file, `${text}\n`, { flag: "wx", mode: 0o600 })
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === "EEXIST"
    throw new UsageError(
      "not-written",
      exists
        ? `There is a file ${file} already; it was left as it is.`
        : `${file} can not be written. Check the folder and its permissions.`,
      { cause },
    )
  }
  context.print(`Wrote ${file}. Change it, then: ${context.command} bridge check ${file}`, {
    written: file,
  })
}

async function checkConfig(context: Context, path: string): Promise<void> {
  const { readConfig } = await import("../bridge/config-file.js")
  const { describeConfig } = await import("../bridge/describe.js")
  const config = await readConfig(path)
  const { broker, kind, local, topic } = config
  context.print(describeConfig(config), {
    kind,
    topic,
    local: redactedBroker(local.url),
    remote: broker && brokerName(broker),
  })
}

async function runAs(context: Context, path: string, kind: "bridge" | "mirror"): Promise<void> {
  // MQTT takes a while to load; no other command needs it.
  const { readConfig } = await import("../bridge/config-file.js")
  const { serve } = await import("../bridge/service.js")
  const config = await readConfig(path)
  if (config.kind !== kind) throw otherKind(path, kind)
  await context.withRing(async (ring) => {
    if (config.kind === "bridge") {
      const { makeBridge } = await import("../bridge/bridge.js")
      return serve(context, ring, config, (...rest) => makeBridge(ring, config, ...rest))
    }
    const { makeMirror } = await import("../bridge/mirror.js")
    return serve(context, ring, config, (...rest) => makeMirror(ring, config, ...rest))
  })
}

async function pairBy(context: Context, path: string, options: PairOptions): Promise<void> {
  const { readConfig } = await import("../bridge/config-file.js")
  const { letIn } = await import("../bridge/pair.js")
  const config = await readConfig(path)
  await context.withRing((ring) => letIn(context, ring, config, options))
}

function otherKind(path: string, wanted: "bridge" | "mirror"): UsageError {
  return new UsageError(
    "bad-config",
    wanted === "bridge"
      ? `${path} is of the other end. Run it with: stringphone bridge mirror`
      : `${path} has no "mirror". Is it of the bridge? Then: stringphone bridge run`,
  )
}
