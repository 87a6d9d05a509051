// A line chart as SVG: shares from 0 to 100 % over hours, or over the values of a sweep. Colours are the
// page's variables, so that one drawing serves light and dark.

const width = 720
const height = 340
const edge = { left: 74, right: 28, top: 14, bottom: 48 }
/** So that lines differ without colour, too. */
const marks = [
  (x, y) => `<circle cx="${x}" cy="${y}" r="4"/>`,
  (x, y) => `<rect x="${x - 3.5}" y="${y - 3.5}" width="7" height="7"/>`,
  (x, y) => `<path d="M${x} ${y - 5}l5 9h-10z"/>`,
  (x, y) => `<path d="M${x} ${y - 5}l5 5-5 5-5-5z"/>`,
  (x, y) => `<path d="M${x} ${y + 5}l5-9h-10z"/>`,
  (x, y) =>
    `<circle cx="${x}" cy="${y}" r="3.2" fill="none" stroke="currentColor" stroke-width="2"/>`,
]

/**
 * @param {object} chart
 * @param {string} chart.label what it shows, for who does not see it
 * @param {string} chart.axis below
 * @param {string} chart.side at the left
 * @param {{ at: number, text: string }[]} chart.ticks
 * @param {{ name: string, points: [number, number | null][], hasMarks: boolean }[]} chart.series
 */
export function lineChart({ label, axis, side, ticks, series }) {
  const first = ticks[0].at
  const last = ticks.at(-1).at
  const inner = { width: width - edge.left - edge.right, height: height - edge.top - edge.bottom }
  const x = (at) =>
    round(edge.left + (last === first ? 0.5 : (at - first) / (last - first)) * inner.width)
  const y = (share) => round(edge.top + (1 - share) * inner.height)
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<line class="grid" x1="${edge.left}" x2="${width - edge.right}" y1="${y(share)}" y2="${y(share)}"/>` +
      `<text class="tick" x="${edge.left - 8}" y="${y(share) + 4}" text-anchor="end">${share * 100} %</text>`,
  )
  const below = ticks.map(
    ({ at, text }) =>
      `<line class="grid" x1="${x(at)}" x2="${x(at)}" y1="${y(0)}" y2="${y(0) + 5}"/>` +
      `<text class="tick" x="${x(at)}" y="${y(0) + 20}" text-anchor="middle">${escaped(text)}</text>`,
  )
  const lines = series.map(({ name, points, hasMarks }, i) => {
    const known = points.filter(([, share]) => share !== null)
    const path = known
      .map(([at, share], j) => `${j === 0 ? "M" : "L"}${x(at)} ${y(share)}`)
      .join("")
    const mark = marks[i % marks.length]
    const shapes = hasMarks ? known.map(([at, share]) => mark(x(at), y(share))).join("") : ""
    return `<g class="series s${i % 6}"><title>${escaped(name)}</title><path class="line" d="${path}"/>${shapes}</g>`
  })
  const middle = edge.top + inner.height / 2
  return `<figure>
<div class="scroll"><svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(label)}">
${grid.join("\n")}
${below.join("\n")}
<text class="axis" x="${edge.left + inner.width / 2}" y="${height - 8}" text-anchor="middle">${escaped(axis)}</text>
<text class="axis" x="14" y="${middle}" text-anchor="middle" transform="rotate(-90 14 ${middle})">${escaped(side)}</text>
${lines.join("\n")}
</svg></div>
<figcaption>${series.map(({ name }, i) => legendOf(name, i)).join("")}</figcaption>
</figure>`
}

function legendOf(name, i) {
  const sample = `<svg class="sample" viewBox="0 0 28 12" aria-hidden="true"><g class="series s${i % 6}"><path class="line" d="M1 6h26"/>${marks[i % marks.length](14, 6)}</g></svg>`
  return `<span class="key">${sample}${escaped(name)}</span>`
}

function round(value) {
  return Math.round(value * 10) / 10
}

export function escaped(text) {
  return String(text).replace(
    /[&<>"]/g,
    (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[character],
  )
}
