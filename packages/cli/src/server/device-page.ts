import type { LogLine } from "../home/device-log.js"
import type { DeviceReport } from "../home/event.js"
import type { DeviceState } from "../home/messages.js"

/** What a device's page shows, and what its event stream sends at each change. */
export interface DeviceView {
  /** For the style: `on`, `off`, `locked`, `open`, `running`. */
  readonly state: string
  readonly headline: string
  readonly facts: readonly (readonly [name: string, value: string])[]
  readonly log: readonly LogLine[]
}

export function viewDevice(state: DeviceState, log: readonly LogLine[]): DeviceView {
  switch (state.device) {
    case "lamp":
      return { state: state.on ? "on" : "off", headline: state.on ? "On" : "Off", facts: [], log }
    case "lock":
      return state.locked
        ? { state: "locked", headline: "Locked", facts: [], log }
        : { state: "open", headline: "Open", facts: [], log }
    case "computer":
      return { state: "running", headline: "Running", facts: factsOf(state), log }
  }
}

function factsOf({ readings }: Extract<DeviceState, { device: "computer" }>): DeviceView["facts"] {
  const { disk, load, memory, received, sent, temperature } = readings
  return [
    ["Processor", percent(load)],
    ["Memory", percent(memory)],
    ["Received", rate(received)],
    ["Sent", rate(sent)],
    ["Disk", percent(disk)],
    ["Temperature", temperature === null ? "no sensor" : `${temperature.toFixed(1)} °C`],
  ]
}

function percent(share: number | null): string {
  return share === null ? "not known" : `${(share * 100).toFixed(0)} %`
}

function rate(bytes: number | null): string {
  return bytes === null ? "not known" : `${(bytes / 1000).toFixed(1)} kB/s`
}

/** The whole page; it is complete without its script, which only keeps it up to date. */
export function renderDevicePage(device: DeviceReport, view: DeviceView): string {
  const facts = view.facts.map(([name, value]) => `<dt>${text(name)}</dt><dd>${text(value)}</dd>`)
  const log = view.log.map(({ atMs, text: what }) => {
    const time = new Date(atMs).toISOString()
    return `<li><time datetime="${time}">${time.slice(11, 19)} UTC</time>${text(what)}</li>`
  })
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(device.name)}, String phone</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/device.css">
<noscript><meta http-equiv="refresh" content="5"></noscript>
<script type="module" src="/device.js"></script>
</head>
<body>
<main data-device="${device.device}" data-state="${view.state}" data-events="/${device.device}/events">
<h1>${text(device.name)}</h1>
<p class="state"><span class="shape" aria-hidden="true"></span><span id="headline" role="status">${text(view.headline)}</span></p>
<p id="away" role="status"></p>
<dl id="facts">${facts.join("")}</dl>
<h2>Who this is</h2>
<p class="words">${text(device.words)}</p>
<p class="digits">${text(device.digits)}</p>
<p class="hint">Your phone shows the same words when it talks to this device, and not to somebody between.</p>
<h2>What happened</h2>
<ol id="log">${log.join("\n")}</ol>
<p id="quiet" class="hint"${view.log.length > 0 ? " hidden" : ""}>Nothing yet.</p>
</main>
</body>
</html>
`
}

function text(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
