import { expect } from "vitest"
import { Phone } from "./phone.js"
import { type Event, Running } from "./program.js"

export interface Ready {
  readonly page: string
  readonly lan: readonly string[]
  readonly address: string
  readonly directory: string
  readonly broker: { readonly address: string; readonly tcp: { readonly port: number } }
  readonly devices: readonly { device: string; id: string; publicKey: string; words: string }[]
}

/** A home on free ports. */
export async function startHome(
  folder: string,
  ...args: string[]
): Promise<{ home: Running; ready: Ready }> {
  const home = Running.start(folder, ["up", "--port", "0", "--mqtt-port", "0", ...args])
  return { home, ready: (await home.next("ready")) as Event & Ready }
}

/** Lets a new phone in, as a person would: p, compare the words, y. */
export async function pair(home: Running, ready: Ready): Promise<Phone> {
  const phone = await Phone.visit(ready.page)
  home.type("p")
  await home.next("pairing", ({ open }) => open === true)
  const joined = phone.join(ready.devices.map(({ publicKey }) => publicKey))
  const request = await home.next("request")
  expect(request).toMatchObject({ words: phone.words, offers: 1 })
  home.type("y")
  await home.next("trusted")
  await joined
  return phone
}

export function idOf({ devices }: Ready, kind: string): string {
  return devices.find(({ device }) => device === kind)!.id
}
