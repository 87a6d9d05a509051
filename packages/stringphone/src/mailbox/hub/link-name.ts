/** What the hub's own mailbox writes, and its dummies. */
export const ownLink = "own"

const maxChannelChars = 47
const maxPeerChars = 16

/**
 * The name under which a neighbour is charged: its channel, and the peer where the channel itself
 * tells peers apart. What peers say about themselves is not in it: it costs them nothing. [HUB-2-1]
 */
export function linkName(channel: string, peer: string | null): string {
  const name = channel.replaceAll(" ", "_").slice(0, maxChannelChars)
  return peer === null ? name : `${name} ${peer.replaceAll(" ", "_").slice(0, maxPeerChars)}`
}

/** The channel of a link: all neighbours on it. */
export function channelOfLink(link: string): string {
  const space = link.indexOf(" ")
  return space === -1 ? link : link.slice(0, space)
}
