import { vi } from "vitest"
import { startBroker, type TestBroker } from "./broker.js"
import { freshHome } from "./folder.js"
import { type Event, json, Running } from "./program.js"

// Many processes, one after the other; an admin's wait three seconds for whoever asks.
vi.setConfig({ testTimeout: 90_000 })

/** Two people at one computer, each with a shell; alice founded the topic "kitchen". */
export interface TwoShells {
  readonly folder: string
  readonly address: string
  readonly broker: TestBroker
}

export const bob = ["--as", "bob"] as const

export async function foundKitchen(...more: string[]): Promise<TwoShells> {
  const [folder, broker] = [freshHome(), await startBroker()]
  const made = await json(folder, ["topic", "new", "kitchen", "--broker", broker.url, ...more])
  return { folder, broker, address: String(made["address"]) }
}

export interface Screens {
  readonly pairing: Running
  readonly joining: Running
  readonly asked: Event
  readonly offered: Event
}

/** Until both screens show something to compare. */
export async function meet(
  { address, folder }: TwoShells,
  pair: readonly string[] = [],
  join: readonly string[] = [],
): Promise<Screens> {
  const pairing = Running.start(folder, ["topic", "pair", "kitchen", ...pair])
  await pairing.next("pairing")
  const joining = Running.start(folder, [...bob, "topic", "join", address, ...join])
  const [asked, offered] = await Promise.all([pairing.next("request"), joining.next("request")])
  return { pairing, joining, asked, offered }
}

/** Lets bob in, as two people would. */
export async function pairWithBob(shells: TwoShells, ...pair: string[]): Promise<void> {
  const { joining, pairing } = await meet(shells, pair)
  pairing.type("y")
  joining.type("y")
  await joining.next("joined")
  const codes = await Promise.all([joining.exitCode(), pairing.exitCode()])
  if (codes.some((code) => code !== 0)) throw new Error(joining.stderr + pairing.stderr)
}

export async function listen(folder: string, ...args: string[]): Promise<Running> {
  const listening = Running.start(folder, args)
  await listening.next("listening")
  return listening
}
