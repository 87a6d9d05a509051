import { hex, UsageError } from "stringphone/bytes"
import type {
  RoomEvent,
  RoomJoinOutcome,
  RoomMember,
  RoomMessage,
  RoomRequest,
  RoomSessionApi,
  RoomStatus,
} from "stringphone/session/room"
import type {
  ClassicRoomEvent,
  ClassicRoomPerson,
  ClassicRoomSession,
  ClassicRoomStatus,
} from "stringphone/session/room/classic"
import { randomId } from "../channel.js"

/**
 * A classic room as one of ours looks. What classic rooms do not have is refused; who is in the room
 * only the captain knows.
 */
export function classicFace(
  session: ClassicRoomSession,
  own: Uint8Array,
  explain: (text: string) => void,
): RoomSessionApi {
  // Of this session: a classic message has no name of its own.
  const start = randomId()
  let sequence = 0
  const listeners = new Set<(event: RoomEvent) => void>()
  const emit = (event: RoomEvent): void => {
    for (const listener of listeners) listener(event)
  }
  session.onEvent((event) => {
    const seen = eventOf(event, own)
    if (seen) emit(seen)
    if (event.kind === "notice") explain(event.explanation)
  })
  const asMessage = (one: Awaited<ReturnType<typeof session.say>>): RoomMessage => ({
    ...one,
    from: memberOf(one.from, { isSelf: one.isOwn, isCaptain: false }),
    sentAt: one.at,
    id: `${start}-${++sequence}`,
    epoch: session.status.keyCounter,
    isFromOtherSide: false,
  })
  return {
    get status() {
      return statusOf(session.status, own)
    },
    messages: messagesOf(session, asMessage),
    onEvent(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    start: () => session.start(),
    async join(options = {}): Promise<RoomJoinOutcome> {
      const { captain } = options
      const outcome = await session.join(captain ? { captain } : {})
      if (outcome.kind === "unverified-captain") {
        const key = outcome.captain.publicKey
        const advice = key ? ` If it is: /trust-key ${outcome.captain.channelName} ${hex(key)}` : ""
        return {
          kind: "declined",
          reason: `${outcome.captain.name} leads here, and is no contact of yours.${advice}`,
        }
      }
      return outcome.kind === "joined" ? { kind: "joined" } : { kind: "no-room" }
    },
    async say(text) {
      return asMessage(await session.say(text))
    },
    async admit(requestId) {
      const person = session.status.requests.find(
        ({ publicKey }) => publicKey && hex(publicKey) === requestId,
      )
      if (!person?.publicKey) throw new UsageError("no-such-request", "Nobody asks with that key.")
      await session.trustKey(person.channelName, person.publicKey)
    },
    decline: () =>
      refuse("A classic captain can not decline; whom you do not trust is not let in."),
    remove: () =>
      refuse(
        "A classic captain can not remove anybody by command: put them out of the channel, and a new key follows.",
      ),
    rotate: () => session.rotate(),
    abdicate: () => refuse("A classic room ends with its captain."),
    takeOver: () =>
      refuse("A classic room ends with its captain. Start a new one: /start-room --classic"),
    leave: () => session.close(),
    refresh: () => session.refresh(),
    close: () => session.close(),
  }
}

async function* messagesOf(
  session: ClassicRoomSession,
  asMessage: (message: Awaited<ReturnType<ClassicRoomSession["say"]>>) => RoomMessage,
): AsyncGenerator<RoomMessage> {
  for await (const message of session.messages) yield asMessage(message)
}

async function refuse(text: string): Promise<never> {
  throw new UsageError("not-classic", text)
}

function eventOf(event: ClassicRoomEvent, own: Uint8Array): RoomEvent | null {
  switch (event.kind) {
    case "status":
      return { kind: "status", status: statusOf(event.status, own) }
    case "failed":
      return event
    case "message":
    case "notice":
    case "cleartext":
    case "channel":
      return null
  }
}

function statusOf(status: ClassicRoomStatus, own: Uint8Array): RoomStatus {
  const { captain, heard, isCaptain, isKeyed, keyCounter, members, names } = status
  const others = (members ?? heard).map((person) =>
    memberOf(person, { isSelf: false, isCaptain: false }),
  )
  const leader = captain && memberOf(captain, { isSelf: isCaptain, isCaptain: true })
  const self: RoomMember = {
    publicKey: own,
    contact: null,
    name: "you",
    trust: "verified",
    channelName: null,
    isPresent: true,
    isCaptain,
    isSelf: true,
  }
  const all = [
    ...(leader && !isCaptain ? [leader] : []),
    self,
    ...others.filter(({ channelName }) => channelName !== leader?.channelName),
  ]
  const inside = new Set(all.map(({ channelName }) => channelName))
  return {
    phase: phaseOf(status),
    roomId: null,
    title: "",
    epoch: keyCounter,
    digits: "",
    isDeniable: false,
    captain: leader,
    isCaptain,
    members: isKeyed || isCaptain ? all : [],
    strangers: members ? names.filter((name) => !inside.has(name)) : [],
    hasMajority: true,
    split: null,
    captainSilentMs: null,
    requests: status.requests.flatMap(requestOf),
    otherRoom: false,
  }
}

function phaseOf({ phase }: ClassicRoomStatus): RoomStatus["phase"] {
  switch (phase) {
    case "captain":
    case "member":
      return "member"
    case "left-out":
      return "removed"
    case "orphaned":
    case "outside":
      return "outside"
    case "joining":
      return "joining"
  }
}

function requestOf({ channelName, contact, publicKey }: ClassicRoomPerson): readonly RoomRequest[] {
  if (!publicKey) return []
  return [
    { id: hex(publicKey), publicKey, contact, ownName: channelName, nameClash: null, channelName },
  ]
}

function memberOf(
  { channelName, contact, name, publicKey, trust }: ClassicRoomPerson,
  { isCaptain, isSelf }: { readonly isCaptain: boolean; readonly isSelf: boolean },
): RoomMember {
  return {
    publicKey: publicKey ?? new Uint8Array(32),
    contact,
    name,
    trust: trust === "unknown" ? "unverified" : trust,
    channelName,
    isPresent: true,
    isCaptain,
    isSelf,
  }
}
