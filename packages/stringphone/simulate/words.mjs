// Numbers as people read them.

/** @param {number | null} share `null`: it could not be measured */
export function percent(share) {
  if (share === null) return "–"
  const value = share * 100
  if (value === 0) return "0 %"
  return `${value >= 0.95 ? value.toFixed(1) : value.toPrecision(1)} %`
}

/** @param {number | null} value `null`: it never comes to that */
export function hours(value) {
  if (value === null) return "never"
  return value < 1 ? `${Math.round(value * 60)} min` : `${value.toFixed(1)} h`
}

export function bytes(value) {
  if (value < 1_048_576) return `${Math.round(value / 1_024)} KiB`
  return `${(value / 1_048_576).toFixed(1)} MiB`
}

export function count(value) {
  return value.toLocaleString("en")
}
