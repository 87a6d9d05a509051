import { join } from "node:path"
import { UsageError } from "stringphone/bytes"
import { configDirectory } from "stringphone/keyring/node"
import { completeLogin } from "../broker-login.js"
import type { Context } from "../context.js"
import { interrupted } from "../interrupt.js"
import { isOpenHost } from "../server/addresses.js"
import { isWebAppBuilt } from "../server/web-app.js"
import { jsonLine } from "../terminal/escape.js"
import { listenToKeys } from "../terminal/keys.js"
import { StatusLine } from "../terminal/status-line.js"
import { HomeConsole } from "./console.js"
import type { Emit, HomeEvent } from "./event.js"
import { type Hold, takeHome } from "./hold.js"
import { type Home, startHome } from "./home.js"
import { parseIrcServer } from "./irc-gateway-servers.js"
import { describe } from "./report.js"

export interface UpOptions {
  /** A broker elsewhere; may hold a login. */
  readonly broker?: string
  readonly host: string
  readonly port: number
  readonly mqttHost: string
  readonly mqttPort: number
  readonly name: readonly string[]
  /** URLs of IRC servers. */
  readonly irc: readonly string[]
  readonly pairSeconds: number
}

/** `stringphone up`: starts a home and obeys keys until the person or the system wants an end. */
export async function runHome(context: Context, options: UpOptions): Promise<void> {
  const brokerUrl = options.broker === undefined ? null : await completeLogin(options.broker)
  const irc = options.irc.map(parseIrcServer)
  const ending = interrupted()
  const out = new StatusLine(process.stdout)
  const emit: Emit = (event) => out.print(textOf(event, context))
  const { directory, hold } = await takeFreeHome(emit)
  try {
    const { pairSeconds, name, ...places } = options
    const pairingMs = pairSeconds * 1000
    const names = name.map((one) => one.toLowerCase())
    const starting = startHome({ ...places, irc, directory, brokerUrl, names, pairingMs, emit })
    // Whoever presses Ctrl-C need not wait for a broker that does not answer.
    const home = await Promise.race([starting, ending.promise.then(() => null)])
    if (home) {
      await hold.tell(home.ready.page)
      warn(home, options, emit)
      emit(home.ready)
      await attend(home, emit, out, ending)
    }
    emit({ event: "stopping" })
    await home?.stop()
  } finally {
    await hold.release().catch(() => {}) // a full disk: the next home sees that we have ended
  }
  emit({ event: "stopped" })
  // Nothing is left to be done; what a library left open must not keep us.
  process.exit()
}

function textOf(event: HomeEvent, context: Context): string {
  if (context.json) return jsonLine(event)
  const { columns, isTTY } = process.stdout
  return describe(event, context.paint, isTTY ? columns : null)
}

const maxHomes = 9

/** The first home that nobody runs; the others are told of. */
async function takeFreeHome(emit: Emit): Promise<{ directory: string; hold: Hold }> {
  for (let n = 1; n <= maxHomes; n++) {
    const name = n === 1 ? "home" : `home-${n}`
    const directory = join(configDirectory(), name)
    const taken = await takeHome(directory)
    if ("release" in taken) {
      if (n > 1)
        emit({ event: "notice", level: "info", text: `This is another one, in ${directory}.` })
      return { directory, hold: taken }
    }
    const where = taken.url ? `at ${taken.url}` : "and about to be ready"
    const text = `A home is already running ${where} (process ${taken.pid}).`
    emit({ event: "notice", level: "info", text })
  }
  throw new UsageError("too-many-homes", `${maxHomes} homes are running. End one of them first.`)
}

function warn(home: Home, options: UpOptions, emit: Emit): void {
  const say = (text: string): void => emit({ event: "notice", level: "warning", text })
  const { broker, page } = home.ready
  if (Number(new URL(page).port || 80) !== options.port && options.port !== 0) {
    say(`Port ${options.port} is taken; the page is at ${page}`)
  }
  if (broker.tcp && broker.tcp.port !== options.mqttPort && options.mqttPort !== 0) {
    say(`Port ${options.mqttPort} is taken; the broker is at ${broker.address}`)
  }
  if (isOpenHost(options.host)) {
    say(
      "Others in this network reach the page, and over plain HTTP whoever is between can change it before it reaches your phone. Use it in networks that you trust, or put HTTPS before it.",
    )
  }
  if (!isWebAppBuilt()) say("The web app is not built, so the page is empty: npm run build")
}

async function attend(
  home: Home,
  emit: Emit,
  out: StatusLine,
  ending: ReturnType<typeof interrupted>,
): Promise<void> {
  const keys = new HomeConsole({ home, emit, quit: ending.interrupt })
  const show = (): void => out.show(keys.prompt)
  const stopKeys = listenToKeys(process.stdin, (key) => {
    keys.press(key)
    setImmediate(show)
  })
  const timer = setInterval(show, 250)
  await ending.promise
  clearInterval(timer)
  stopKeys()
  out.end()
}
