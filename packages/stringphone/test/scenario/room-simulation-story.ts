// What happens in one run: people meet, things go wrong, all heals, and they are to find together.
import { hex } from "../../src/bytes/index.js"
import { isSameEpoch, type Forks } from "./room-simulation-ledger.js"
import type { Counts, Person } from "./room-simulation-people.js"
import { Simulation, type SimulationOptions } from "./room-simulation.js"

export interface Report extends Counts, Forks {
  readonly seed: number
  readonly violations: readonly string[]
  /** Of everything that everybody holds at the end. */
  readonly fingerprint: string
  readonly epochs: number
}

const lateJoiners = 3
const patienceMs = 900_000

/** `prepare` sees the world before anything happens in it: to trace a run that went wrong. */
export async function tellStory(
  options: SimulationOptions,
  prepare?: (world: Simulation) => void,
): Promise<Report> {
  const world = new Simulation(options)
  prepare?.(world)
  await meet(world)
  world.agenda.after(0, () => talk(world))
  await trouble(world, world.agenda.now + (options.chaosMs ?? 420_000))
  await world.heal()
  const healedAt = world.agenda.now
  while (!isTogether(world) && world.agenda.now - healedAt < patienceMs) {
    await world.agenda.runUntil(world.agenda.now + 5_000)
  }
  world.counts.convergedMs = world.agenda.now - healedAt
  if (isTogether(world)) {
    // Everybody hears everybody, and what is missing is asked for.
    await world.agenda.runUntil(world.agenda.now + 60_000)
    for (const person of world.members) await world.say(person)
    await world.agenda.runUntil(world.agenda.now + 60_000)
  }
  check(world)
  return reportOf(world, options.seed)
}

async function meet(world: Simulation): Promise<void> {
  const [founder, ...others] = world.people as readonly [Person, ...Person[]]
  for (const person of world.people) world.ticks(person)
  world.regroup(world.links.groups)
  founder.wantsIn = true
  await world.act(founder, (room, out) =>
    room.found({ title: "", isDeniable: false }, world.time, out),
  )
  const late = others.slice(-lateJoiners)
  for (const person of others) if (!late.includes(person)) await world.join(person)
  await world.agenda.runUntil(45_000)
  for (const person of late)
    world.agenda.after(world.chances.between(0, 200_000), () => world.join(person))
}

/** Texts are said all the time. */
async function talk(world: Simulation): Promise<void> {
  if (world.isHealed) return
  await world.say(world.chances.pick(world.people))
  if (world.chances.chance(0.3)) await world.replay()
  world.agenda.after(world.chances.between(500, 9_000), () => talk(world))
}

async function trouble(world: Simulation, until: number): Promise<void> {
  const { chances, agenda } = world
  while (agenda.now < until) {
    await chances.pick(troubles)(world)
    for (let i = chances.below(3); i > 0; i--) await chances.pick(deeds)(world)
    const lasts = chances.chance(0.3)
      ? chances.between(3_000, 15_000)
      : chances.between(20_000, 100_000)
    await agenda.runUntil(Math.min(until, agenda.now + lasts))
    for (const person of world.people) {
      if (chances.chance(0.5)) await world.connect(person, true)
      if (chances.chance(0.4)) await world.restart(person)
    }
  }
}

type Happening = (world: Simulation) => Promise<void> | void

const troubles: readonly Happening[] = [
  (world) => part(world, 2),
  (world) => part(world, 2),
  (world) => part(world, 3),
  (world) => part(world, 4),
  async function netsplit(world) {
    part(world, 2)
    await world.agenda.runUntil(world.agenda.now + world.chances.between(2_000, 12_000))
    world.regroup(world.people.map(() => 0))
  },
  function oneWay(world) {
    const { chances, links } = world
    const from = chances.pick(world.people).index
    for (const { index } of world.people)
      if (chances.chance(0.5)) links.deaf.add(`${from}>${index}`)
  },
  function lossy(world) {
    world.links.loss = world.chances.between(0.05, 0.4)
  },
  async function flapping(world) {
    for (let i = 0; i < 4; i++) {
      part(world, 2)
      await world.agenda.runUntil(world.agenda.now + world.chances.between(2_000, 9_000))
      world.regroup(world.people.map(() => 0))
      await world.agenda.runUntil(world.agenda.now + world.chances.between(1_000, 6_000))
    }
  },
  async function captainCutOff(world) {
    const captain = captainOf(world)
    if (captain) await world.connect(captain, false)
  },
  function captainAlone(world) {
    const captain = captainOf(world)
    world.regroup(world.people.map((person) => (person === captain ? 1 : 0)))
  },
  function captainKilled(world) {
    const captain = captainOf(world)
    if (!captain) return
    if (world.chances.chance(0.5)) world.kill(captain)
    else captain.dies = true
  },
  function memberKilled(world) {
    for (let i = world.chances.below(3); i >= 0; i--) {
      const person = world.chances.pick(world.people)
      if (world.chances.chance(0.5)) world.kill(person)
      else person.dies = true
    }
  },
  function quiet(world) {
    world.links.heal()
    world.regroup(world.links.groups)
  },
  function partedUnsaid(world) {
    // The channel does not tell: only the messages are lost.
    world.regroup(
      world.people.map(() => world.chances.below(2)),
      false,
    )
  },
]

const deeds: readonly Happening[] = [
  async function removal(world) {
    const captain = captainOf(world)
    const person = world.chances.pick(world.people)
    if (
      !captain ||
      captain === person ||
      world.people.filter(({ isBanned }) => isBanned).length > 1
    )
      return
    const wasIn = captain.room.member?.seats.some(
      ({ identityKey }) => hex(identityKey) === hex(person.identity.publicKey),
    )
    await world.act(captain, (room, out) =>
      room.requireMember().captaincy.remove(person.identity.publicKey, world.time, out),
    )
    // Also where the captain was killed while it said so.
    const { member } = captain.room
    const isIn = ({ identityKey }: { readonly identityKey: Uint8Array }): boolean =>
      hex(identityKey) === hex(person.identity.publicKey)
    if (!wasIn || !member || member.seats.some(isIn)) return
    person.isBanned = true
    world.bans.push({ person, auth: hex(member.auth8) })
  },
  async function abdication(world) {
    const captain = captainOf(world)
    if (!captain) return
    const isDone = await world.act(captain, (room, out) => room.abdicate(null, world.time, out))
    if (isDone) world.counts.abdications++
  },
  async function takeover(world) {
    const person = world.chances.pick(world.people)
    const { member } = person.room
    if (!member || member.hasMajority(world.time)) return
    await world.act(person, (room, out) => room.requireMember().handover.takeOver(world.time, out))
  },
  async function rotation(world) {
    const captain = captainOf(world)
    if (captain)
      await world.act(captain, (room, out) =>
        room.requireMember().captaincy.rotate(world.time, out),
      )
  },
  async function leaving(world) {
    const person = world.chances.pick(world.people)
    if (world.chances.chance(0.5) || world.people.some(({ hasLeft }) => hasLeft)) return
    if (await world.act(person, (room, out) => room.leave(world.time, out))) {
      person.hasLeft = true
      world.ledger.forgot(person.name)
      person.wantsIn = world.chances.chance(0.5)
      if (!person.wantsIn) world.part(person)
    }
  },
]

function part(world: Simulation, count: number): void {
  world.regroup(world.people.map(() => world.chances.below(count)))
}

/** One who thinks to be captain. */
function captainOf(world: Simulation): Person | null {
  const captains = world.members.filter(({ room }) => room.member?.isCaptain)
  return captains.length > 0 ? world.chances.pick(captains) : null
}

/** Everybody who is to be in is in one room with exactly the others. */
export function isTogether(world: Simulation): boolean {
  const wanted = world.people.filter(({ wantsIn, isBanned }) => wantsIn && !isBanned)
  const [first] = wanted
  const seats = first?.room.member?.seats
  if (!first || !seats) return false
  if (!wanted.every(({ room }) => room.phase === "member" && isSameEpoch(room, first.room)))
    return false
  // Whoever was removed on a branch that lost is in the room still, and has forgotten its keys.
  const isGone = (key: Uint8Array): boolean =>
    world.bans.some(({ person }) => hex(person.identity.publicKey) === hex(key))
  return seats.every(({ roomKey, identityKey }) => {
    const isHere = ({ room }: Person): boolean =>
      isSameEpoch(room, first.room) && hex(room.member!.own.roomKey) === hex(roomKey)
    return isGone(identityKey) || world.members.some(isHere)
  })
}

function check(world: Simulation): void {
  const { ledger } = world
  if (!isTogether(world)) {
    const states = world.people.map(({ name, isBanned, wantsIn, room }) => {
      const { member } = room
      const where = member
        ? `${member.epoch} ${hex(member.auth8).slice(0, 6)} of ${member.seats.length} captain ${member.captain?.ownName}`
        : ""
      return `${name} ${isBanned ? "banned " : ""}${wantsIn ? "" : "gone "}${room.phase} ${where}`
    })
    ledger.wrong(`not together: ${states.join("; ")}`)
    return
  }
  const [first] = world.members.filter(({ isBanned }) => !isBanned) as readonly Person[]
  const member = first!.room.member!
  const auth = hex(member.auth8)
  for (const { person, auth: removal } of world.bans) {
    const isIn = member.seats.some(
      ({ identityKey }) => hex(identityKey) === hex(person.identity.publicKey),
    )
    if (isIn && ledger.isAncestor(removal, auth))
      ledger.wrong(`${person.name} is in after its removal`)
  }
  const stayed = new Set(
    world.people.filter((one) => !one.hasLeft && !one.isBanned).map(({ name }) => name),
  )
  for (const { name, room, gaps, isBanned } of world.people) {
    if (isBanned) continue
    const missing = ledger.missing(name, room, stayed)
    if (missing.length > 0 && gaps === 0)
      ledger.wrong(`${name} misses ${missing.join(", ")} with ${gaps} told`)
  }
}

function reportOf(world: Simulation, seed: number): Report {
  const fingerprint = world.people
    .map(({ room }) => hex(room.save() ?? new Uint8Array(0)).slice(-40))
    .join()
  const { ledger } = world
  const epochs = Math.max(...[...ledger.epochs.values()].map(({ epoch }) => epoch))
  return {
    seed,
    ...world.counts,
    ...ledger.forks(),
    violations: ledger.violations,
    fingerprint,
    epochs,
  }
}
