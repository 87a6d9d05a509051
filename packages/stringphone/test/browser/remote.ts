import { inject } from "vitest"
import type { Outage } from "../contract/transport-contract.js"

/** Takes a broker down and up that runs beside the browser. */
export function remote(name: string): Outage {
  const { control } = inject("brokers")
  const post = async (action: string): Promise<void> => {
    await fetch(`${control}/${name}/${action}`, { method: "POST" })
  }
  return { down: () => post("down"), up: () => post("up") }
}
