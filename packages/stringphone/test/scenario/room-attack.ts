// What attacks on classic rooms have in common.
import { concat, u32 } from "../../src/bytes/index.js"
import { randomBytes } from "../../src/crypto/index.js"
import {
  decodePacket,
  encodePacket,
  fragment,
  packetSigner,
  sealRoomMessageKey,
} from "../../src/room/classic/index.js"
import type { ServerLine } from "../../src/transport/memory-text.js"
import { identityOf, type Person, type Stage } from "./room-classic-people.js"

export interface AttackResult {
  /** What the attacker has; `null`: nothing. */
  readonly achieved: string | null
  /** What was measured. */
  readonly evidence: Readonly<Record<string, unknown>>
}

export type Victims = "original" | "ours"
/** Without a parameter: the bytes allow it, so against either; it is run on ours. */
export type Attack = (victims: Victims) => Promise<AttackResult>

export const packetOf = ({ text }: ServerLine) => decodePacket(text.slice(text.indexOf("!") + 1))
export const isOfKind = (kind: string) => (line: ServerLine) =>
  line.text.startsWith("?VLA,1,1!") && packetOf(line).kind === kind

export function result(achieved: string | false, evidence: AttackResult["evidence"]): AttackResult {
  return { achieved: achieved === false ? null : achieved, evidence }
}

export async function refusal({ room }: Person, text = "hello?"): Promise<string> {
  try {
    await room.say(text)
    return "sent"
  } catch (error) {
    return String((error as { code?: unknown }).code)
  }
}

/** As Alice, who was in charge of the machine's state, would make it. */
export function splitPacket(stage: Stage): {
  toBob: Uint8Array
  toCarol: Uint8Array
  line: string
} {
  const joins = stage.server.lines.filter(isOfKind("room-join")).map(packetOf)
  const participantKeys = joins.flatMap((p) => (p.kind === "room-join" ? [p.participantKey] : []))
  const signer = packetSigner(identityOf("alice").exportSeed())
  const transportPrivateKey = randomBytes(32)
  const [toBob, toCarol] = [randomBytes(32), randomBytes(32)]
  const parts = participantKeys.slice(0, 2).map((participantKey, i) =>
    sealRoomMessageKey(
      signer,
      {
        roomMessageKey: i === 0 ? toBob : toCarol,
        transportPrivateKey,
        counter: 50,
        participantKeys: [participantKey],
      },
      randomBytes,
    ),
  )
  const cells = parts.flatMap((part) => part.cells)
  const { captainIdentityKey, captainTransportKey, counter } = parts[0]!
  const fields = concat(captainIdentityKey, captainTransportKey, u32(counter), ...cells)
  const packet = { ...parts[0]!, cells, signature: signer.sign(fields) }
  return { toBob, toCarol, line: fragment(encodePacket(packet))[0]! }
}

/** Alice's random bytes are written down, so that a test can steal a key. */
export async function withKnownKeys(stage: Stage) {
  const drawn: Uint8Array[] = []
  const draw = (length: number) => {
    const bytes = randomBytes(length)
    drawn.push(bytes)
    return bytes
  }
  const alice = await stage.enter("alice", ["bob", "carol"], { randomBytes: draw })
  await alice.room.start()
  const bob = await stage.enter("bob", ["alice", "carol"])
  await stage.join(bob)
  const carol = await stage.enter("carol", ["alice", "bob"])
  await stage.join(carol)
  // Each rekey draws the message key, the transport key, and a nonce for each member.
  const keys = drawn.filter((bytes, i) => bytes.length === 32 && drawn[i + 1]?.length === 32)
  return { alice, bob, carol, keys }
}
