import { brokerName, type ChannelAddress } from "../channel-address.js"
import { sizeText } from "../mail/usage-text.js"
import { visible } from "../terminal/escape.js"
import { duration } from "../wording.js"
import { listenText } from "./address.js"
import { archiveText } from "./archive-address.js"
import { backboneText } from "./backbone-address.js"
import type { HubConfig } from "./config.js"

/** A configuration in words; no logins. */
export function describeHub(config: HubConfig): string {
  const { archive, backbone, folder, http, limits } = config
  const { coverEveryMs, holdMs, linkMaxBytes, linkSharePercent, maxBytes, minStampBits } = limits
  const { connect, listen } = placesOf(config)
  const share = linkMaxBytes === null ? "" : `, and at most ${sizeText(linkMaxBytes)}`
  return [
    `Folder       ${folder === null ? "hub-service beside the key rings" : visible(folder)}`,
    `Envelopes    ${archive === null ? "in the folder" : visible(archiveText(archive))}`,
    `Listens at   ${listen.join(" ") || "nothing"}`,
    `Connects to  ${connect.map(visible).join(" ") || "nothing"}`,
    `Backbone     ${backbone === null ? "none" : visible(backboneText(backbone))}`,
    `Watches      ${config.watch.map(visible).join(" ") || "nothing"}`,
    `Health       ${http === null ? "not told" : listenText("http", http)}`,
    `Keeps        ${sizeText(maxBytes)}, of one neighbour ${linkSharePercent} %${share}`,
    `Takes        envelopes of at most ${sizeText(limits.maxEnvelopeBytes)}${minStampBits > 0 ? `, with a stamp of ${minStampBits} bits` : ""}`,
    `Mixing       ${holdMs === 0 ? "none: others see at once what comes" : `held for ${duration(holdMs)} on average`}`,
    `Cover        ${coverEveryMs === 0 ? "none" : `one envelope every ${duration(coverEveryMs)}`}`,
  ].join("\n")
}

export function reportHub(config: HubConfig): object {
  const { archive, backbone, folder, http, limits, watch } = config
  return {
    folder,
    archive: archive && archiveText(archive),
    ...placesOf(config),
    backbone: backbone && backboneText(backbone),
    watch,
    http: http && listenText("http", http),
    limits,
  }
}

function placesOf({ connect, listenTcp, listenWs }: HubConfig): {
  readonly listen: readonly string[]
  readonly connect: readonly string[]
} {
  return {
    listen: [
      ...listenTcp.map((place) => listenText("tcp", place)),
      ...listenWs.map((place) => listenText("ws", place)),
    ],
    connect: connect.map(addressName),
  }
}

/** Without a login. */
export function addressName(address: ChannelAddress): string {
  return `${brokerName(address)}${"channel" in address ? `/${address.channel}` : ""}`
}
