/** Style and script of the device pages; files of their own, because the policy allows no inline ones. */
export const deviceStyle = `
:root { color-scheme: light dark; --ink: #1c1b1a; --paper: #faf8f4; --soft: #6b6660; --line: #d9d4cb; --lit: #ffc83d; --good: #1f7a4d; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #f1eee8; --paper: #191817; --soft: #a8a29a; --line: #3a3734; --good: #5fc08f; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.5 system-ui, sans-serif; }
main { max-width: 40rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.25rem; margin: 0 0 2rem; }
h2 { font-size: 1rem; margin: 2.5rem 0 0.5rem; }
.state { display: flex; align-items: center; gap: 1.25rem; font-size: 2.25rem; font-weight: 650; margin: 0; }
.shape { width: 5rem; height: 5rem; border: 3px solid var(--soft); border-radius: 50%; flex: none; }
[data-device="lock"] .shape { border-radius: 0.75rem; }
[data-device="computer"] .shape { display: none; }
[data-state="on"] .shape { background: var(--lit); border-color: var(--lit); box-shadow: 0 0 2.5rem var(--lit); }
[data-state="locked"] .shape { background: var(--good); border-color: var(--good); }
@media (prefers-reduced-motion: no-preference) { .shape { transition: background 0.2s, box-shadow 0.2s; } }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1.25rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.words { font-size: 1.25rem; font-weight: 600; margin: 0; }
.digits { font-family: ui-monospace, monospace; margin: 0.25rem 0 0; }
.hint { color: var(--soft); margin: 0.5rem 0 0; }
ol { list-style: none; margin: 0; padding: 0; }
li { border-top: 1px solid var(--line); padding: 0.5rem 0; overflow-wrap: anywhere; }
time { color: var(--soft); margin-right: 0.75rem; font-variant-numeric: tabular-nums; }
#away { color: var(--soft); min-height: 1.5em; }
`

export const deviceScript = `
const main = document.querySelector("main")
const find = (name) => document.getElementById(name)
const element = (tag, text) => Object.assign(document.createElement(tag), { textContent: text })
const clock = (atMs) => {
  const time = element("time", new Date(atMs).toLocaleTimeString())
  time.dateTime = new Date(atMs).toISOString()
  return time
}
function show(view) {
  main.dataset.state = view.state
  if (find("headline").textContent !== view.headline) find("headline").textContent = view.headline
  find("facts").replaceChildren(
    ...view.facts.flatMap(([name, value]) => [element("dt", name), element("dd", value)]),
  )
  find("log").replaceChildren(
    ...view.log.map(({ atMs, text }) => {
      const item = element("li", "")
      item.append(clock(atMs), text)
      return item
    }),
  )
  find("quiet").hidden = view.log.length > 0
}
const events = new EventSource(main.dataset.events)
events.onmessage = ({ data }) => {
  find("away").textContent = ""
  show(JSON.parse(data))
}
events.onerror = () => {
  find("away").textContent = "The home does not answer. Trying again …"
}
`
