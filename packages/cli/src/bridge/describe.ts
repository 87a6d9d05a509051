import { visible } from "../terminal/escape.js"
import { formatChannelAddress } from "../channel-address.js"
import { redactedBroker } from "../topic-address.js"
import type { CommandRule, Config, Whom } from "./config.js"

/** What a configuration means, for the person who wrote it. */
export function describeConfig(config: Config): string {
  const { broker, local, topic } = config
  const here = redactedBroker(local.url)
  const where = broker ? visible(formatChannelAddress(broker)) : "where the key ring says"
  const there = `"${visible(topic)}" (${where})`
  if (config.kind === "mirror") {
    const { commands, from, prefix } = config
    return [
      `From ${there},`,
      `of ${whomText(from)}, to ${here} under ${visible(prefix) || "the same names"}.`,
      `Commands to: ${listText(commands)}`,
    ].join("\n")
  }
  return [
    `From ${here} to ${there}:`,
    `  ${listText(config.export)}`,
    ...(config.except.length > 0 ? [`  but not ${listText(config.except)}`] : []),
    ...describeRules(config.commands),
  ].join("\n")
}

/** Who may command what. */
export function describeRules(rules: readonly CommandRule[]): readonly string[] {
  return [
    "Commands back:",
    ...(rules.length === 0 ? ["  none"] : []),
    ...rules.map(
      ({ from, retain, topics }) =>
        `  ${listText(topics)} by ${whomText(from)}${retain ? ", kept by the broker" : ""}`,
    ),
  ]
}

function listText(list: readonly string[]): string {
  return list.length === 0 ? "nothing" : list.map(visible).join(", ")
}

function whomText(whom: Whom): string {
  switch (whom) {
    case "verified":
      return "contacts whose keys you compared"
    case "trusted":
      return "contacts that you trust"
    case "anyone-in-topic":
      return "everybody in the topic, also those whom another admin let in"
    default:
      return listText(whom)
  }
}
