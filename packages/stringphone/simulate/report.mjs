// The result as one page that stands alone: no scripts, nothing loaded from elsewhere.
import { escaped, lineChart } from "./plot.mjs"
import { style } from "./report-style.mjs"
import { extraColumns, spreadRows, sweepCells, sweepColumns } from "./table.mjs"
import { count } from "./words.mjs"

export function reportOf(result) {
  const { contacts, settings, spreads, sweeps } = result
  const source = contacts === "trace" ? "a trace of real contacts" : "a model of people's days"
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>How mail spreads</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>How mail spreads</h1>
<p class="lead">People's devices pass envelopes on where they meet. The meetings come from ${source}; seed ${settings.seed}. <em>Delivered</em> is the share of all pairs of a message and another honest node that has it by then.</p>
${spreads.length > 0 ? spreadSection(spreads) : ""}
${sweeps.map(sweepSection).join("\n")}
<section>
<h2>All numbers</h2>
<p>What this page was made of, as <code>--json</code> writes it.</p>
<details><summary>Show</summary><pre id="data">${escaped(JSON.stringify(result))}</pre></details>
</section>
</main>
</body>
</html>
`
}

function spreadSection(spreads) {
  const longest = Math.max(...spreads.map(({ result }) => result.curve.at(-1)[0]))
  const step = longest > 24 ? 6 : longest > 8 ? 2 : 1
  const ticks = Array.from({ length: Math.floor(longest / step) + 1 }, (_, i) => ({
    at: i * step,
    text: `${i * step}`,
  }))
  const chart = lineChart({
    label: "Share delivered over the hours since sending",
    axis: "hours since sending",
    side: "delivered",
    ticks,
    series: spreads.map(({ nodes, result }) => ({
      name: `${count(nodes)} nodes`,
      points: result.curve.filter(([hour]) => hour <= ticks.at(-1).at),
      hasMarks: false,
    })),
  })
  return `<section>
<h2>Ideal spread</h2>
<p>Everybody has room for everything, and everything goes over at every meeting: no way of passing mail on delivers more, or sooner.</p>
${chart}
${spreads.map(spreadTable).join("\n")}
</section>`
}

function spreadTable({ nodes, meetings, hours, result }) {
  const rows = spreadRows(result).map(
    ([name, value]) =>
      `<tr><th scope="row">${name}</th><td class="text">${escaped(unbroken(value))}</td></tr>`,
  )
  return `<h3>${count(nodes)} nodes</h3>
<p>${count(meetings)} meetings in ${hours} hours, ${count(result.messages)} messages.</p>
<div class="scroll"><table>${rows.join("")}</table></div>`
}

function sweepSection({ name, title, about, axis, nodes, series }) {
  const hour = bestHour(series)
  const ticks = series[0].points.map(({ value }, at) => ({ at, text: `${value} %` }))
  const shareOf = (pick) => (points) => points.map(({ result }, at) => [at, pick(result)])
  const lines =
    name === "seized"
      ? [
          [`delivered within ${hour} h`, ({ delivered }) => delivered[hour]],
          ["messages of which a copy was seen", ({ seenShare }) => seenShare],
          ["messages whose sender was guessed", ({ senderGuessedShare }) => senderGuessedShare],
        ].map(([label, pick]) => ({ name: label, points: shareOf(pick)(series[0].points) }))
      : series.map(({ name: label, points }) => ({
          name: label,
          points: shareOf(({ delivered }) => delivered[hour])(points),
        }))
  const chart = lineChart({
    label: `${title}: ${about}`,
    axis,
    side: name === "seized" ? "share" : `delivered within ${hour} h`,
    ticks,
    series: lines.map((line) => ({ ...line, hasMarks: true })),
  })
  return `<section>
<h2>${title}</h2>
<p>${escaped(about)} ${count(nodes)} nodes.</p>
${chart}
${sweepTable(name, series)}
</section>`
}

/** The longest that could be measured, up to two days. */
function bestHour(series) {
  const { delivered } = series[0].points[0].result
  return Object.keys(delivered)
    .filter((hour) => delivered[hour] !== null)
    .at(-1)
}

function sweepTable(name, series) {
  const extra = extraColumns(name)
  const head = ["", ...sweepColumns, ...extra.map(([column]) => column)]
  const rows = series.flatMap(({ name: label, points }) => [
    `<tr class="group"><th scope="rowgroup" colspan="${head.length}">${escaped(label)}</th></tr>`,
    ...points.map(({ value, result }) => {
      const cells = [...sweepCells(result), ...extra.map(([, cell]) => cell(result))]
      return `<tr><th scope="row">${value} %</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`
    }),
  ])
  return `<details><summary>Numbers</summary><div class="scroll"><table><thead><tr>${head.map((cell) => `<th scope="col">${cell}</th>`).join("")}</tr></thead><tbody>${rows.join("")}</tbody></table></div></details>`
}

/** A line may break between the values, and not within one. */
function unbroken(text) {
  return text.replaceAll(" ", "\u00a0").replaceAll("\u00a0·\u00a0", " · ")
}
