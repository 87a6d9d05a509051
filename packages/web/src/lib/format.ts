/** A number as it is shown large, with what stands small behind it. */
export interface Figure {
  readonly value: string
  readonly unit: string
}

const unknown: Figure = { value: "–", unit: "" }

/** Of a share from 0 to 1. */
export function percent(share: number | null): Figure {
  if (share === null) return unknown
  const percents = 100 * Math.min(1, Math.max(0, share))
  const digits = percents > 0 && percents < 9.95 ? 1 : 0
  return { value: percents.toFixed(digits), unit: "%" }
}

const rateUnits = ["B/s", "kB/s", "MB/s", "GB/s"] as const

/** Of bytes a second. */
export function rate(bytesPerSecond: number | null): Figure {
  if (bytesPerSecond === null) return unknown
  let value = Math.max(0, bytesPerSecond)
  let step = 0
  while (value >= 999.5 && step < rateUnits.length - 1) {
    value /= 1000
    step += 1
  }
  const digits = step === 0 || value >= 99.5 ? 0 : value >= 9.95 ? 1 : 2
  return { value: value.toFixed(digits), unit: rateUnits[step] ?? "" }
}

/** The next of 1, 2, 5, 10, 20, 50 …: where an axis may end. */
export function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)))
  return ([1, 2, 5].find((step) => step * power >= value) ?? 10) * power
}

export function celsius(degrees: number | null): Figure {
  return degrees === null ? unknown : { value: degrees.toFixed(0), unit: "°C" }
}

/** How long ago, roughly: `now`, `14 s`, `3 min`, `2 h`. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 2) return "now"
  if (seconds < 100) return `${seconds} s`
  if (seconds < 6_000) return `${Math.floor(seconds / 60)} min`
  return `${Math.floor(seconds / 3600)} h`
}

const dates = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" })
const times = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
})

export function date(ms: number): string {
  return dates.format(ms)
}

export function time(ms: number): string {
  return times.format(ms)
}
