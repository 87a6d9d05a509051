import type { IncomingMessage, ServerResponse } from "node:http"
import type { DeviceLog } from "../home/device-log.js"
import type { DeviceReport } from "../home/event.js"
import type { DeviceState } from "../home/messages.js"
import { deviceScript, deviceStyle } from "./device-assets.js"
import { renderDevicePage, viewDevice } from "./device-page.js"
import { isLocal } from "./guard.js"

/** What the pages show of a device: what anyone who stands before it would see. */
export interface ShownDevice {
  readonly report: DeviceReport
  readonly state: DeviceState
  readonly log: DeviceLog
}

const maxWatchers = 64

/** The pages `/lamp`, `/lock` and `/computer`, and their event streams. For this computer only. */
export class DeviceRoutes {
  readonly #devices: () => readonly ShownDevice[]
  readonly #watchers = new Set<ServerResponse>()

  constructor(devices: () => readonly ShownDevice[]) {
    this.#devices = devices
  }

  /** @returns whether the path is one of these. */
  answer(request: IncomingMessage, response: ServerResponse, path: string): boolean {
    if (path === "/device.css") return send(response, "text/css", deviceStyle)
    if (path === "/device.js") return send(response, "text/javascript", deviceScript)
    const [, kind, events, ...more] = path.split("/")
    const device = this.#devices().find(({ report }) => report.device === kind)
    if (!device || more.length > 0 || (events !== undefined && events !== "events")) return false
    if (!isLocal(request)) {
      response.statusCode = 403
      return send(response, "text/plain", "A device's page is shown on its own computer only.\n")
    }
    if (events === undefined) {
      const view = viewDevice(device.state, device.log.lines)
      return send(response, "text/html", renderDevicePage(device.report, view))
    }
    this.#stream(device, response)
    return true
  }

  close(): void {
    for (const response of this.#watchers) response.destroy()
  }

  #stream(device: ShownDevice, response: ServerResponse): void {
    if (this.#watchers.size >= maxWatchers) {
      response.statusCode = 503
      send(response, "text/plain", "Too many pages are open.\n")
      return
    }
    this.#watchers.add(response)
    response.setHeader("Content-Type", "text/event-stream")
    response.setHeader("Cache-Control", "no-store")
    const tell = (): void => {
      // A page that does not read misses states; the next one it reads is whole again.
      if (response.writableNeedDrain) return
      const view = viewDevice(device.state, device.log.lines)
      response.write(`data: ${JSON.stringify(view)}\n\n`)
    }
    tell()
    const stop = device.log.watch(tell)
    response.on("close", () => {
      stop()
      this.#watchers.delete(response)
    })
  }
}

function send(response: ServerResponse, type: string, body: string): true {
  response.setHeader("Content-Type", `${type}; charset=utf-8`)
  response.setHeader("Cache-Control", "no-store")
  response.end(body)
  return true
}
