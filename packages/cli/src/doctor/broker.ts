import { randomBytes } from "node:crypto"
import { ChannelError, sameBytes } from "stringphone/bytes"
import type { Transport } from "stringphone/transport"
import { brokerName, type ChannelAddress } from "../channel-address.js"
import { connectOne } from "../connect.js"
import { pause } from "../live-topic.js"
import { visible } from "../terminal/escape.js"
import type { TopicGlance } from "../topic-glance.js"
import { bad, type Check, good, unknown } from "./check.js"

const withinMs = 5_000
const retainedMs = 500
const rekeyType = 0x4b

/** Two connections to one broker: what goes out by the first has to come in by the second. */
export async function checkBroker(
  address: ChannelAddress,
  seen: TopicGlance,
): Promise<readonly Check[]> {
  const name = visible(brokerName(address))
  const open: Transport[] = []
  const connect = async (): Promise<Transport> => {
    const transport = await connectOne(address, { connectTimeoutMs: withinMs })
    open.push(transport)
    return transport
  }
  try {
    const [first, second] = [await connect(), await connect()]
    const ears = listen(second)
    const startMs = performance.now()
    const came = await probe(first, ears)
    const ms = Math.round(performance.now() - startMs)
    return [
      good("broker", `${name} answers.`),
      came
        ? good("round-trip", `A message comes back from it within ${ms} ms.`)
        : bad(
            "round-trip",
            `A message to ${name} did not come back within ${withinMs / 1_000} s.`,
            "Does the broker let this user publish and subscribe on this channel?",
          ),
      await checkRetained(first, ears, seen),
    ]
  } catch (error) {
    const text = error instanceof ChannelError ? error.message : String(error)
    return [
      bad("broker", visible(text), `Is the broker ${name} running, and is its address right?`),
    ]
  } finally {
    await Promise.all(open.map((transport) => transport.close()))
  }
}

interface Ears {
  /** Rekey messages that the channel had kept. */
  readonly kept: Uint8Array[]
  heard(bytes: Uint8Array): boolean
}

function listen(transport: Transport): Ears {
  const kept: Uint8Array[] = []
  const heard: Uint8Array[] = []
  void (async () => {
    for await (const { bytes, retained } of transport.messages) {
      if (retained && bytes[0] === rekeyType) kept.push(bytes)
      else if (bytes[0] === 0 && heard.length < 1_000) heard.push(bytes)
    }
  })()
  return { kept, heard: (bytes) => heard.some((one) => sameBytes(one, bytes)) }
}

/** Bytes that mean nothing to anybody: participants ignore what begins with 0. [TOPIC-0-1] */
async function probe(transport: Transport, ears: Ears): Promise<boolean> {
  const bytes = Uint8Array.of(0, ...randomBytes(24))
  const untilMs = Date.now() + withinMs
  await transport.send(bytes, { signal: AbortSignal.timeout(withinMs) })
  while (Date.now() < untilMs) {
    if (ears.heard(bytes)) return true
    await pause(10)
  }
  return false
}

async function checkRetained(
  { capabilities }: Transport,
  { kept }: Ears,
  { isAdmin, latestRekey }: TopicGlance,
): Promise<Check> {
  if (!capabilities.retained) {
    return unknown(
      "retained-key",
      "This channel keeps nothing: who was away asks the others for the new key.",
    )
  }
  await pause(retainedMs)
  if (kept.length === 0) {
    return isAdmin
      ? bad(
          "retained-key",
          "The broker does not have the key for those who were away.",
          "Run any command as an admin here that connects, as: topic listen NAME",
        )
      : unknown("retained-key", "The broker does not have the key for those who were away.")
  }
  return latestRekey && kept.some((bytes) => sameBytes(bytes, latestRekey))
    ? good("retained-key", "The broker has our key for those who were away.")
    : bad(
        "retained-key",
        "The broker has another key than ours for those who were away.",
        "Run: topic listen NAME. If it stays so, somebody replaced it: an admin runs topic rotate NAME",
      )
}
