// Attacks that come out otherwise on clients that do as the original does than on our classic.
import { type Attack, isOfKind, refusal, result } from "./room-attack.js"
import { OriginalClient } from "./room-classic-original.js"
import { identityOf, Stage } from "./room-classic-people.js"

async function originals(stage: Stage, ...names: string[]): Promise<OriginalClient[]> {
  const identities = names.map(identityOf)
  const clients = names.map(
    (name, i) => new OriginalClient(stage.server.connect(name), identities[i]!, identities),
  )
  clients[0]!.start()
  for (const client of clients.slice(1)) {
    client.join()
    await stage.settle()
  }
  return clients
}

/** The server repeats Bob's ROOM_JOIN when he is gone, under another nick. */
export const replayOfRoomJoin: Attack = async (victims) => {
  const stage = new Stage()
  const keys = () => stage.server.lines.filter(isOfKind("key-transport")).length
  if (victims === "original") {
    const [alice, bob] = await originals(stage, "alice", "bob", "carol")
    const join = stage.server.lines.find(({ from }) => from === "bob")!
    await bob!.channel.close()
    await stage.settle()
    const before = keys()
    stage.server.inject({ ...join, from: "mallory" }, ["alice"])
    await stage.settle()
    const evidence = { sameRoom: keys() > before, roster: [...alice!.members.keys()] }
    return result(evidence.sameRoom && "learns whom the captain trusts", evidence)
  }
  const { alice, bob } = await stage.threeInARoom()
  const join = stage.server.lines.find(({ from }) => from === "bob")!
  await bob.room.close()
  await stage.settle()
  let before = keys()
  stage.server.inject({ ...join, from: "mallory" }, ["alice"])
  await stage.settle()
  const sameRoom = keys() > before
  // A participant key is good for one admission, but only as long as the captain remembers.
  stage.server.disconnect("alice")
  stage.server.reconnect("alice")
  await stage.settle()
  await alice.room.start()
  before = keys()
  stage.server.inject({ ...join, from: "mallory" }, ["alice"])
  await stage.settle()
  const nextRoom = keys() > before
  const roster = alice.room.status.members?.map(({ name, channelName }) => `${name}=${channelName}`)
  return result(nextRoom && "learns whom the captain trusts, in the captain's next room", {
    sameRoom,
    nextRoom,
    roster,
  })
}

/** The server delivers what Carol said once more. */
export const replayOfRoomMessage: Attack = async (victims) => {
  const stage = new Stage()
  let times: number
  const replay = async () => {
    await stage.settle()
    const said = stage.server.lines.at(-1)!
    for (let i = 0; i < 3; i++) stage.server.inject(said, ["bob"])
    await stage.settle()
  }
  if (victims === "original") {
    const [, bob, carol] = await originals(stage, "alice", "bob", "carol")
    carol!.say("open the door")
    await replay()
    times = bob!.shown.length
  } else {
    const { bob, carol } = await stage.threeInARoom()
    await carol.room.say("open the door")
    await replay()
    times = bob.texts.length
  }
  return result(times > 1 && "makes members hear an old message again", { times })
}

/** The server repeats key transports: to a member, to one who joined anew, and from another room. */
export const replayOfKeyTransport: Attack = async (victims) => {
  const stage = new Stage()
  const transports = () => stage.server.lines.filter(isOfKind("key-transport"))
  if (victims === "original") {
    const [alice, bob] = await originals(stage, "alice", "bob", "carol")
    alice!.rekey()
    await stage.settle()
    const [newest] = bob!.keys
    for (const line of transports()) stage.server.inject(line, ["bob"])
    await stage.settle()
    const wentBack = bob!.keys[0] !== newest
    return result(wentBack && "brings an old key back", { wentBack })
  }
  const { alice, bob } = await stage.threeInARoom()
  await alice.room.rotate()
  await stage.settle()
  const counter = bob.room.status.keyCounter
  for (const line of transports()) stage.server.inject(line, ["bob"])
  await stage.settle()
  const wentBack = bob.room.status.keyCounter !== counter
  // Alice's next room counts from 1 again; her old packets are still hers and have higher numbers.
  const old = transports()
  stage.server.disconnect("alice")
  stage.server.reconnect("alice")
  await stage.settle()
  await alice.room.start()
  await stage.join(bob)
  const joinedAt = bob.room.status.keyCounter
  for (const line of old) stage.server.inject(line, ["bob"])
  await stage.settle()
  const silenced = bob.phase === "left-out"
  await alice.room.rotate()
  await stage.settle()
  const recovered = bob.phase === "member"
  const evidence = { wentBack, joinedAt, silenced, recovered }
  return result(silenced && "silences a member until the next key", evidence)
}

/** A user types before the key is there; and a peer's text poses as a status. */
export const hiddenStatus: Attack = async (victims) => {
  const stage = new Stage()
  const mallory = stage.server.connect("mallory")
  const leaked = () => stage.server.lines.some(({ text }) => text === "my secret")
  if (victims === "original") {
    const bob = new OriginalClient(stage.server.connect("bob"), identityOf("bob"), [])
    bob.join()
    bob.say("my secret")
    await mallory.send("[ENCRYPTED] it is me")
    await stage.settle()
    return result(leaked() && "reads in clear what was typed too early", { shown: bob.shown })
  }
  const bob = await stage.enter("bob")
  const joining = stage.join(bob)
  const code = await refusal(bob, "my secret")
  await mallory.send("[ENCRYPTED] it is me")
  await joining
  const posesAs = bob.messages.length
  const isDeceived = leaked() || posesAs > 0
  return result(isDeceived && "reads in clear what was typed too early", { code, posesAs })
}

/** Not on the list: who was not let in gets a key with the next who is. */
export const strangerIsKeyedAtTheNextRekey: Attack = async (victims) => {
  const stage = new Stage()
  if (victims === "original") {
    const trusted = ["alice", "bob"].map(identityOf)
    const alice = new OriginalClient(stage.server.connect("alice"), trusted[0]!, trusted)
    alice.start()
    const mallory = new OriginalClient(
      stage.server.connect("mallory"),
      identityOf("mallory"),
      trusted,
    )
    mallory.join()
    await stage.settle()
    const bob = new OriginalClient(stage.server.connect("bob"), trusted[1]!, trusted)
    bob.join()
    await stage.settle()
    bob.say("among friends")
    await stage.settle()
    const reads = mallory.shown
    return result(reads.length === 1 && "reads without having been let in", { reads })
  }
  const alice = await stage.enter("alice", ["bob"])
  await alice.room.start()
  const mallory = await stage.enter("mallory", ["alice"])
  await stage.join(mallory)
  const bob = await stage.enter("bob", ["alice"])
  await stage.join(bob)
  await bob.room.say("among friends")
  await stage.settle()
  const reads = mallory.texts
  return result(reads.length > 0 && "reads without having been let in", { reads })
}
