import { ChannelError } from "stringphone/bytes"
import { openTopic, type TopicSession } from "stringphone/session"
import { createMemoryNetwork, type MemoryNetwork } from "stringphone/transport/memory"
import { homeTopic, type Member } from "./birth.js"

/** Of the topic, for people; its participants see it, the broker does not. */
const topicName = "Home"
const withinMs = 10_000

/**
 * Lets devices into the computer's topic by an exchange of texts, each verified by them, before any of
 * them was on a network: the messages pass in this process's memory. Founds the topic if need be.
 *
 * @throws {ChannelError} those of the stores
 */
export async function introduce(computer: Member, others: readonly Member[]): Promise<void> {
  const network = createMemoryNetwork()
  const sessions: TopicSession[] = []
  try {
    const host = await open(network, computer)
    sessions.push(host)
    if (host.standing === "outside") await host.create({ name: topicName })
    if (!host.isAdmin) return // a phone took that away: the home is told when it starts
    for (const other of others) {
      let joined = (): void => {}
      const isIn = new Promise<void>((resolve) => (joined = resolve))
      const session = await open(network, other, joined)
      sessions.push(session)
      const request = await session.joinRequest()
      await session.acceptInvitation(host.invitation())
      await host.acceptJoinRequest(request)
      await soon(isIn)
    }
  } finally {
    await Promise.all(sessions.map((session) => session.close()))
  }
}

function open(
  network: MemoryNetwork,
  { body, ring }: Member,
  onJoined: () => void = () => {},
): Promise<TopicSession> {
  return openTopic({
    store: ring.store,
    identity: ring.identity,
    contacts: ring,
    transport: network.connect(body.kind),
    name: homeTopic,
    ownName: body.name,
    onEvent: ({ kind }) => {
      if (kind === "joined") onJoined()
    },
  })
}

async function soon(promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new ChannelError("not-introduced", "The devices could not be made. Start again."))
    }, withinMs)
  })
  await Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
