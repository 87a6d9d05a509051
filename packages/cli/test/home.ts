import { expect } from "vitest"
import { freePort } from "../../stringphone/test/real/free-port.js"
import { Phone } from "./phone.js"
import { type Event, Running } from "./program.js"

export interface Ready {
  readonly page: string
  readonly lan: readonly string[]
  readonly address: string
  readonly directory: string
  readonly broker: { readonly address: string; readonly tcp: { readonly port: number } }
  readonly devices: readonly { device: string; name: string; publicKey: string; words: string }[]
}

/** A home on free ports, which nobody takes while it is down. */
export async function startHome(
  folder: string,
  ...args: string[]
): Promise<{ home: Running; ready: Ready }> {
  const ports = [await freePort(), await freePort()].map(String)
  const home = Running.start(folder, ["up", "--port", ports[0]!, "--mqtt-port", ports[1]!, ...args])
  return { home, ready: (await home.next("ready")) as Event & Ready }
}

/** p. @returns the code */
export async function openWindow(home: Running): Promise<string> {
  home.type("p")
  const { code } = await home.next("pairing", ({ open }) => open === true)
  return code as string
}

/** Lets a new phone in, as two persons would: p, compare the emoji, y. */
export async function pair(
  home: Running,
  ready: Ready,
  options: Parameters<typeof Phone.visit>[1] = {},
): Promise<Phone> {
  const phone = await Phone.visit(ready.page, options)
  await openWindow(home)
  const { request } = await phone.ask()
  const shown = await home.next("request")
  expect(shown).toMatchObject({ publicKey: phone.publicKey, isProven: false })
  expect(shown["emoji"]).toEqual(request.emoji)
  expect(shown["comparedDigits"]).toBe(request.digits)
  await request.confirm()
  home.type("y")
  await home.next("paired")
  expect(await request.outcome).toMatchObject({ kind: "paired" })
  return phone
}

/** The public key of a device, in hexadecimal. */
export function keyOf({ devices }: Ready, kind: string): string {
  return devices.find(({ device }) => device === kind)!.publicKey
}
