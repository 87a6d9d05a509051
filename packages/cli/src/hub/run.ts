import { basename, join } from "node:path"
import type { ChannelError } from "stringphone/bytes"
import { checkEnvelope } from "stringphone/mailbox"
import type { MailHub, MailHubEvent } from "stringphone/session/mailbox/hub"
import { type StickWatch, watchStick } from "stringphone/session/mailbox/stick"
import { NodeStickFolder } from "stringphone/store/stick-folder/node"
import { systemClock } from "stringphone/transport"
import type { Context } from "../context.js"
import { interrupted } from "../interrupt.js"
import { sizeText } from "../mail/usage-text.js"
import { visible } from "../terminal/escape.js"
import { countOf } from "../wording.js"
import { ArchiveWatch } from "./archive-watch.js"
import { archiveText } from "./archive-address.js"
import { HubBackbone } from "./backbone.js"
import { HubChannels } from "./channels.js"
import type { HubConfig } from "./config.js"
import { HubCounts } from "./counts.js"
import { type HealthServer, startHealthServer } from "./health-server.js"
import { hubName } from "./hub-name.js"
import { LastSeen } from "./last-seen.js"
import { HubLog } from "./log.js"
import { metricsText } from "./metrics.js"
import {
  acceptFrom,
  type EnvelopeStore,
  openHubForService,
  openServicePlace,
  type ServicePlace,
} from "./open-hub.js"
import { ShownStore } from "./shown-store.js"

/** A date is believed when it is near to one of these. */
const rememberEveryMs = 600_000

/** `stringphone hub`: carries everybody's mail until Ctrl-C or SIGTERM. */
export async function runHub(context: Context, config: HubConfig): Promise<void> {
  const ending = interrupted()
  const log = new HubLog(context)
  const service = new HubService(config, log)
  const isWatched = process.stdout.isTTY && !context.json
  const timer = isWatched && setInterval(() => log.status(service.statusText()), 500)
  try {
    await service.start()
    await ending.promise
    log.say("Stopping.", { event: "stopping" })
  } finally {
    if (timer) clearInterval(timer)
    await service.stop()
    log.end()
  }
  log.say("Stopped.", { event: "stopped" })
}

class HubService {
  readonly #config: HubConfig
  readonly #log: HubLog
  readonly #counts = new HubCounts()
  readonly #watches: StickWatch[] = []
  #hub: MailHub | null = null
  #place: ServicePlace | null = null
  #channels: HubChannels | null = null
  #backbone: HubBackbone | null = null
  #archive: ArchiveWatch | null = null
  #health: HealthServer | null = null
  #remembering: NodeJS.Timeout | null = null
  /** Why the store does not work; as long as it does not. */
  #trouble: ChannelError | null = null
  #phase: "starting" | "ready" | "stopping" = "starting"

  constructor(config: HubConfig, log: HubLog) {
    this.#config = config
    this.#log = log
  }

  async start(): Promise<void> {
    const { archive, backbone, http, limits } = this.#config
    // First: whoever watches over us sees that we are starting.
    if (http) await this.#startHealth(http)
    const place = await openServicePlace(this.#config)
    this.#place = place
    const { folder, store } = place
    const lastSeen = new LastSeen(join(folder, "last-seen"))
    if (!this.#config.isDateConfirmed) await lastSeen.check()
    await this.#remember(lastSeen)
    const hub = await openHubForService(store, limits, folder, (event) => this.#hear(event))
    this.#hub = hub
    this.#channels = new HubChannels(hub, this.#log, this.#counts)
    await this.#channels.start(this.#config)
    if (archive) this.#archive = this.#watchArchive(store)
    if (backbone) {
      const name = await hubName(join(folder, "backbone-name"))
      const maxBytes = limits.backboneMaxBytes
      const options = { hub, address: backbone, hubName: name, maxBytes, log: this.#log }
      this.#backbone = new HubBackbone(options)
      await this.#backbone.open()
    }
    const shown = new ShownStore(hub, store)
    for (const path of this.#config.watch) this.#watch(path, hub, store, shown)
    this.#phase = "ready"
    const { bytes, count } = hub.usage
    this.#log.say(
      `Carrying ${countOf(count, "envelope")} (${sizeText(bytes)}) in ${visible(archive ? archiveText(archive) : folder)}; Ctrl-C ends it.`,
      {
        event: "started",
        folder,
        ...(archive && { archive: archiveText(archive) }),
        envelopes: count,
        bytes,
      },
    )
  }

  async stop(): Promise<void> {
    this.#phase = "stopping"
    if (this.#remembering) clearInterval(this.#remembering)
    await Promise.all(this.#watches.map((watch) => watch.close()))
    this.#archive?.close()
    await this.#backbone?.close()
    await this.#channels?.close()
    await this.#hub?.close()
    await this.#place?.store.close()
    await this.#place?.release()
    await this.#health?.close()
  }

  statusText(): string {
    const [hub, channels] = [this.#hub, this.#channels]
    if (!hub || !channels) return "starting"
    const { bytes, count, heldCount, maxBytes } = hub.usage
    return [
      countOf(count, "envelope"),
      `${sizeText(bytes)} of ${sizeText(maxBytes)}`,
      `${heldCount} held`,
      countOf(channels.peers, "hub"),
    ].join(" · ")
  }

  async #startHealth(place: NonNullable<HubConfig["http"]>): Promise<void> {
    this.#health = await startHealthServer(place, {
      illness: () => this.#trouble && `The store does not work: ${this.#trouble.message}`,
      obstacle: () => this.#obstacle(),
      remark: () => this.#remark(),
      metrics: () => this.#metrics(),
    })
    const { port } = this.#health
    this.#log.say(`Health and metrics at http://${place.host}:${port}/`, {
      event: "http",
      host: place.host,
      port,
    })
  }

  async #remember(lastSeen: LastSeen): Promise<void> {
    await lastSeen.save()
    this.#remembering = setInterval(() => {
      lastSeen.save().catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error)
        this.#log.say(visible(message), { event: "trouble", code: "not-saved" })
      })
    }, rememberEveryMs)
  }

  /** At least one of the channels has to work; without any there are only folders. */
  #obstacle(): string | null {
    if (this.#phase !== "ready") return this.#phase
    const away = this.#archive?.trouble
    if (away) return `the archive does not work: ${away.message}`
    const channels = this.#channels
    if (!channels || (channels.count > 0 && channels.openCount === 0)) return "no channel works"
    return null
  }

  #remark(): string | null {
    const backbone = this.#backbone
    return backbone && backbone.status !== "open" ? `the backbone is ${backbone.status}` : null
  }

  #metrics(): string {
    const [hub, channels, backbone] = [this.#hub, this.#channels, this.#backbone]
    if (!hub || !channels) return ""
    return metricsText(
      this.#counts.metrics(hub, {
        peers: channels.peers,
        channels: channels.count,
        channelsOpen: channels.openCount,
        ...(backbone && { backbone: { ...backbone.counts, isOpen: backbone.status === "open" } }),
        ...(this.#archive && { isArchiveUp: this.#archive.trouble === null }),
      }),
    )
  }

  #watchArchive(store: EnvelopeStore): ArchiveWatch {
    return new ArchiveWatch(store, (trouble) => {
      const text = trouble ? visible(trouble.message) : "The archive works again."
      const status = trouble ? "down" : "up"
      this.#log.say(text, { event: "archive", status, ...(trouble && { why: trouble.code }) })
      if (trouble === null) this.#backbone?.offerAll()
    })
  }

  #watch(path: string, hub: MailHub, store: EnvelopeStore, shown: ShownStore): void {
    const link = `folder:${basename(path).replaceAll(" ", "_")}`.slice(0, 47)
    const passphrase = process.env["STRINGPHONE_STICK_PASSPHRASE"]
    const watch = watchStick({
      folder: new NodeStickFolder(path),
      store: shown,
      has: (ids) => store.has(ids),
      accept: acceptFrom(hub, link),
      check: checkEnvelope,
      today: () => hub.today,
      clock: systemClock,
      intervalMs: this.#config.limits.watchEveryMs,
      ...(passphrase && { passphrase }),
      onRound: ({ exported, imported }) => {
        const [took, wrote] = [imported?.new ?? 0, exported?.written ?? 0]
        if (took + wrote === 0) return
        this.#log.say(
          `Folder ${visible(path)}: took ${countOf(took, "envelope")}, wrote ${wrote}.`,
          { event: "folder", path, took, wrote },
        )
      },
      onError: (error) => {
        const message = error instanceof Error ? error.message : String(error)
        this.#log.say(`Folder ${visible(path)}: ${visible(message)}`, {
          event: "folder-failed",
          path,
          message,
        })
      },
    })
    this.#watches.push(watch)
  }

  #hear(event: MailHubEvent): void {
    this.#counts.hear(event)
    const log = this.#log
    switch (event.kind) {
      case "new":
        for (const [link, count] of byLink(event.envelopes)) log.count("stored", count, { link })
        this.#trouble = null
        break
      case "released":
        log.count("passed on", event.envelopes.length)
        break
      case "refused":
        for (const [why, count] of Object.entries(event.counts)) {
          log.count("refused", count, { link: event.link, why })
        }
        break
      case "evicted":
        for (const [link, count] of event.counts) log.count("evicted", count, { link })
        break
      case "expired":
        log.count("expired", event.count)
        break
      case "trouble":
        // A database that is away comes back; ending this process would not help.
        if (this.#archive) this.#archive.look()
        // A full disk is a limit, not an illness: what is there can still be had.
        else if (event.error.code !== "store-full") this.#trouble = event.error
        log.say(visible(event.error.message), { event: "trouble", code: event.error.code })
        break
      case "clock-jumped":
        log.say(
          `The date jumped by ${event.days} days; nothing expires for a day. Put the clock right.`,
          { event: "clock-jumped", days: event.days },
        )
        break
    }
  }
}

function byLink(envelopes: readonly { readonly link: string }[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { link } of envelopes) counts.set(link, (counts.get(link) ?? 0) + 1)
  return counts
}
