import { readFile, statfs } from "node:fs/promises"
import { cpus, networkInterfaces } from "node:os"
import systeminformation from "systeminformation"
import type { Readings } from "./messages.js"

/** Measures this computer; what a machine can not tell is `null`, and nothing here ever throws. */
export class Meter {
  readonly #diskPath: string
  #processor = processorTimes()
  #network: Counters | null = null
  #temperature: number | null = null
  #temperatureDueMs = 0

  /** @param diskPath the disk that is measured is the one where this is */
  constructor(diskPath: string) {
    this.#diskPath = diskPath
  }

  async read(): Promise<Readings> {
    this.#refreshTemperature()
    const [memory, disk, rates] = await Promise.all([
      orNull(memoryInUse()),
      orNull(diskInUse(this.#diskPath)),
      orNull(this.#networkRates()),
    ])
    return {
      load: this.#load(),
      memory: memory ?? 0,
      received: rates?.received ?? null,
      sent: rates?.sent ?? null,
      disk,
      temperature: this.#temperature,
    }
  }

  #load(): number {
    const before = this.#processor
    this.#processor = processorTimes()
    const total = this.#processor.total - before.total
    return total > 0 ? clamp((this.#processor.busy - before.busy) / total) : 0
  }

  async #networkRates(): Promise<{ received: number; sent: number } | null> {
    const before = this.#network
    this.#network = await networkCounters()
    if (!before || !this.#network) return null
    const seconds = (this.#network.atMs - before.atMs) / 1000
    if (seconds <= 0) return null
    // Counters start over when an interface goes away.
    const rate = (now: number, then: number): number =>
      Math.max(0, Math.round((now - then) / seconds))
    return {
      received: rate(this.#network.received, before.received),
      sent: rate(this.#network.sent, before.sent),
    }
  }

  /** Sensors are slow to ask (some systems start a program for it), so seldom and in the background. */
  #refreshTemperature(): void {
    if (performance.now() < this.#temperatureDueMs) return
    this.#temperatureDueMs = performance.now() + 10_000
    void orNull(systeminformation.cpuTemperature()).then((found) => {
      // Some systems answer `null` in spite of the types, some 0 or less without a sensor.
      const main: unknown = found?.main
      this.#temperature = typeof main === "number" && main > 0 ? main : null
      if (this.#temperature === null) this.#temperatureDueMs = performance.now() + 120_000
    })
  }
}

interface Counters {
  readonly atMs: number
  readonly received: number
  readonly sent: number
}

function processorTimes(): { busy: number; total: number } {
  const sums = { busy: 0, total: 0 }
  for (const { times } of cpus()) {
    const busy = times.user + times.nice + times.sys + times.irq
    sums.busy += busy
    sums.total += busy + times.idle
  }
  return sums
}

async function memoryInUse(): Promise<number> {
  const { total, available } = await systeminformation.mem()
  return clamp(1 - available / total)
}

async function diskInUse(path: string): Promise<number | null> {
  const { blocks, bavail } = await statfs(path)
  return blocks > 0 ? clamp(1 - bavail / blocks) : null
}

/** All interfaces but loopback, added up. */
async function networkCounters(): Promise<Counters | null> {
  // Linux has a file for it; asking systeminformation there would start a shell every second.
  const lines = process.platform === "linux" ? await procNetDev() : await networkStats()
  if (lines.length === 0) return null
  const sum = (of: (line: Line) => number): number => lines.reduce((all, line) => all + of(line), 0)
  return {
    atMs: performance.now(),
    received: sum(({ received }) => received),
    sent: sum(({ sent }) => sent),
  }
}

interface Line {
  readonly received: number
  readonly sent: number
}

async function procNetDev(): Promise<readonly Line[]> {
  const [, , ...rows] = (await readFile("/proc/net/dev", "utf8")).trim().split("\n")
  return rows.flatMap((row) => {
    const [name = "", received, , , , , , , , sent] = row.trim().split(/[:\s]+/)
    return name === "lo" ? [] : [{ received: Number(received), sent: Number(sent) }]
  })
}

async function networkStats(): Promise<readonly Line[]> {
  const loopbacks = Object.entries(networkInterfaces())
    .filter(([, addresses]) => addresses?.some(({ internal }) => internal))
    .map(([name]) => name)
  return (await systeminformation.networkStats("*"))
    .filter(({ iface }) => !loopbacks.includes(iface))
    .map(({ rx_bytes, tx_bytes }) => ({ received: rx_bytes, sent: tx_bytes }))
}

async function orNull<T>(promise: Promise<T>): Promise<T | null> {
  return promise.catch(() => null)
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value))
}
