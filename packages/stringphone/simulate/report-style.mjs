export const style = `
:root {
  --back: #fcfcfb; --text: #1a1a19; --soft: #5c5b57; --rule: #e3e2de; --raised: #f3f2ef;
  --s0: #2a78d6; --s1: #c2410c; --s2: #0f8a5f; --s3: #7c3aed; --s4: #a16207; --s5: #be185d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #1a1a19; --text: #f1f0ed; --soft: #b3b1ab; --rule: #3a3936; --raised: #262523;
    --s0: #6aa9f4; --s1: #fb923c; --s2: #4ade9f; --s3: #b794f6; --s4: #facc15; --s5: #f472b6;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 52rem; margin: 0 auto; padding: 2rem 1rem 4rem }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .5rem }
h2 { font-size: 1.35rem; margin: 3rem 0 .25rem }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem }
p { margin: .25rem 0 1rem; max-width: 44rem }
.lead, section > p { color: var(--soft) }
figure { margin: 1rem 0 }
.chart { display: block; width: 100%; min-width: 34rem; height: auto }
figcaption { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .875rem; margin: .5rem 0 0 }
.key { display: inline-flex; align-items: center; gap: .4rem }
.sample { width: 28px; height: 12px; overflow: visible; flex: none }
.grid { stroke: var(--rule) }
.tick { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums }
.axis { fill: var(--soft); font-size: 13px }
.line { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round }
.series { color: var(--s0); fill: currentColor }
.s1 { color: var(--s1) } .s2 { color: var(--s2) } .s3 { color: var(--s3) }
.s4 { color: var(--s4) } .s5 { color: var(--s5) }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap }
th { font-weight: 500; color: var(--soft) }
th[scope=row] { text-align: left }
.group th { text-align: left; color: var(--text); font-weight: 600; background: var(--raised) }
td.text { text-align: left; white-space: normal; width: 100% }
details { font-size: .875rem }
summary { cursor: pointer; padding: .25rem 0 }
pre { white-space: pre-wrap; word-break: break-all; background: var(--raised); padding: 1rem; border-radius: .5rem }
`
