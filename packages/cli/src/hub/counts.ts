import type { MailHub, MailHubEvent, Refusal } from "stringphone/session/mailbox/hub"
import type { BackboneCounts } from "./backbone.js"
import type { Metric } from "./metrics.js"

const refusals: readonly Refusal[] = [
  "malformed",
  "expired",
  "too-far",
  "too-large",
  "stamp",
  "quota",
  "full",
]

/** More neighbours than this are told as one: names of strangers must not fill a monitor. */
const mostLinks = 100

/** What is so at this moment. */
export interface HubNow {
  /** Hubs that are there. */
  readonly peers: number
  /** Where we listen, or connect to. */
  readonly channels: number
  readonly channelsOpen: number
  readonly backbone?: BackboneCounts & { readonly isOpen: boolean }
  readonly isArchiveUp?: boolean
}

/** What a hub has done since it started, for whoever watches over it. */
export class HubCounts {
  stored = 0
  released = 0
  evicted = 0
  expired = 0
  runs = 0
  failedRuns = 0
  sentParcels = 0
  receivedParcels = 0
  sentBytes = 0
  receivedBytes = 0
  reconcileBytes = 0
  rejected = 0
  readonly refused: Map<Refusal, number> = new Map(refusals.map((why) => [why, 0]))
  readonly #startedAt = Date.now()

  hear(event: MailHubEvent): void {
    switch (event.kind) {
      case "new":
        this.stored += event.envelopes.length
        break
      case "released":
        this.released += event.envelopes.length
        break
      case "refused":
        for (const why of refusals) {
          this.refused.set(why, (this.refused.get(why) ?? 0) + (event.counts[why] ?? 0))
        }
        break
      case "evicted":
        for (const count of event.counts.values()) this.evicted += count
        break
      case "expired":
        this.expired += event.count
        break
      case "trouble":
      case "clock-jumped":
        break
    }
  }

  metrics({ usage }: Pick<MailHub, "usage">, now: HubNow): readonly Metric[] {
    return [
      gauge("envelopes", "Envelopes that are kept.", usage.count),
      gauge("bytes", "Their size.", usage.bytes),
      gauge("bytes_limit", "How much may be kept.", usage.maxBytes),
      gauge("envelopes_held", "Kept, and not shown to others yet.", usage.heldCount),
      ...linkMetrics(usage.links),
      gauge("peers", "Hubs that are there now.", now.peers),
      gauge("channels", "Channels that this hub listens on or connects to.", now.channels),
      gauge("channels_open", "Those of them that work.", now.channelsOpen),
      ...(now.backbone ? backboneMetrics(now.backbone) : []),
      ...(now.isArchiveUp === undefined
        ? []
        : [gauge("archive_up", "Whether the database answers.", Number(now.isArchiveUp))]),
      counter("stored", "Envelopes taken in.", this.stored),
      counter("released", "Envelopes shown to others.", this.released),
      counter("evicted", "Envelopes dropped to make room.", this.evicted),
      counter("expired", "Envelopes dropped because their day was over.", this.expired),
      {
        name: "stringphone_hub_refused_total",
        help: "Envelopes not taken in, by reason.",
        kind: "counter",
        samples: [...this.refused].map(([why, value]) => ({ labels: { why }, value })),
      },
      counter("runs", "Exchanges with other hubs.", this.runs),
      counter("runs_failed", "Those of them that were not complete.", this.failedRuns),
      counter("sent_parcels", "Envelopes sent to other hubs.", this.sentParcels),
      counter("sent_bytes", "Their size.", this.sentBytes),
      counter("received_parcels", "Envelopes received from other hubs.", this.receivedParcels),
      counter("received_bytes", "Their size.", this.receivedBytes),
      counter("reconcile_bytes", "Spent on finding out what is missing.", this.reconcileBytes),
      counter("rejected_frames", "Frames that were wrong.", this.rejected),
      gauge("start_time_seconds", "When the hub started, in Unix time.", this.#startedAt / 1_000),
      gauge("memory_bytes", "Memory of the process.", process.memoryUsage.rss()),
    ]
  }
}

function one(kind: Metric["kind"], name: string, help: string, value: number): Metric {
  return { name: `stringphone_hub_${name}`, help, kind, samples: [{ value }] }
}

function gauge(name: string, help: string, value: number): Metric {
  return one("gauge", name, help, value)
}

function counter(name: string, help: string, value: number): Metric {
  return one("counter", `${name}_total`, help, value)
}

function backboneMetrics(now: NonNullable<HubNow["backbone"]>): readonly Metric[] {
  return [
    gauge("backbone_open", "Whether the backbone works.", Number(now.isOpen)),
    gauge("backbone_waiting", "Envelopes that the backbone has yet to get.", now.waiting),
    counter("backbone_published", "Envelopes that it got from here.", now.published),
    counter("backbone_received", "Envelopes that it brought.", now.received),
    counter("backbone_refused", "Envelopes of it that were not taken in.", now.refused),
    counter("backbone_too_large", "Envelopes that it does not take.", now.tooLarge),
  ]
}

function linkMetrics(links: MailHub["usage"]["links"]): readonly Metric[] {
  const sorted = [...links].sort(([, a], [, b]) => b.bytes - a.bytes)
  const rest = sorted.slice(mostLinks)
  const shown = sorted.slice(0, mostLinks)
  const samples = (of: (usage: { count: number; bytes: number; quotaBytes: number }) => number) =>
    shown.map(([link, usage]) => ({ labels: { link }, value: of(usage) }))
  const others = (of: (usage: { count: number; bytes: number }) => number) =>
    rest.length === 0
      ? []
      : [
          {
            labels: { link: "(others)" },
            value: rest.reduce((sum, [, usage]) => sum + of(usage), 0),
          },
        ]
  const metric = (name: string, help: string, all: Metric["samples"]): Metric => ({
    name: `stringphone_hub_link_${name}`,
    help,
    kind: "gauge",
    samples: all,
  })
  return [
    metric("envelopes", "Envelopes kept, by the neighbour that brought them.", [
      ...samples(({ count }) => count),
      ...others(({ count }) => count),
    ]),
    metric("bytes", "Their size.", [
      ...samples(({ bytes }) => bytes),
      ...others(({ bytes }) => bytes),
    ]),
    metric(
      "quota_bytes",
      "How much this neighbour may have.",
      samples(({ quotaBytes }) => quotaBytes),
    ),
  ]
}
