import { PeerError, u32, utf8, UsageError } from "../bytes/index.js"
import { authenticate, derive, hash, labelled } from "../crypto/index.js"
import { encodeRekeyBody, type RekeyBody } from "./wire/rekey.js"

/** What is derived from an epoch secret, which is forgotten then. spec/topic.md §2 */
export interface EpochKeys {
  /** 32 bytes. */
  readonly commitment: Uint8Array
  /** For each participant, in the order of the roster. */
  readonly senders: readonly SenderKeys[]
}

export interface SenderKeys {
  /** 4 bytes as a number. */
  readonly tag: number
  /** Of block 0, 32 bytes. */
  readonly chainKey: Uint8Array
}

const chainLabel = "topic sender chain"

/**
 * @throws {PeerError} `tags-collide`: the admin has to draw another secret [TOPIC-2-2]
 */
export function deriveEpochKeys(epochSecret: Uint8Array, body: RekeyBody): EpochKeys {
  const salt = hash(encodeRekeyBody(body))
  const headerKey = derive(epochSecret, salt, labelled("topic header key"), 32)
  const senders = body.participants.map(({ publicKey }) => ({
    tag: tagOf(headerKey, publicKey),
    chainKey: derive(epochSecret, salt, labelled(chainLabel, publicKey), 32),
  }))
  if (new Set(senders.map(({ tag }) => tag)).size < senders.length) {
    throw new PeerError("tags-collide", "Two participants have the same tag.")
  }
  const commitment = derive(epochSecret, salt, labelled("topic epoch commitment"), 32)
  return { commitment, senders }
}

/** The key of the body of a rekey message. [TOPIC-7-2] */
export function rekeyBodyKey(epochSecret: Uint8Array, outer: Uint8Array): Uint8Array {
  return derive(epochSecret, hash(outer), labelled("topic rekey body"), 32)
}

/** Bound into everything that is sent on this channel of this topic, 32 bytes. [TOPIC-1-2] */
export function contextOf(topicId: Uint8Array, channelName: string): Uint8Array {
  const name = utf8(channelName)
  if (name.length > 255) {
    throw new UsageError("bad-channel-name", "A channel name has at most 255 bytes of UTF-8.")
  }
  return hash(labelled("topic channel", topicId, name))
}

/** The info of a slot in a rekey message. */
export function slotInfo(epoch: number): Uint8Array {
  return labelled("topic rekey slot", u32(epoch))
}

function tagOf(headerKey: Uint8Array, publicKey: Uint8Array): number {
  const mac = authenticate(labelled("topic sender tag", publicKey), headerKey)
  return new DataView(mac.buffer, mac.byteOffset).getUint32(0)
}
