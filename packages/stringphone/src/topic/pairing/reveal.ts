import { PeerError, sameBytes } from "../../bytes/index.js"
import { labelled, verify } from "../../crypto/index.js"
import { hostCommitment, joinerCommitment, type PairingKeys } from "./keys.js"
import {
  type HostProfile,
  type JoinerProfile,
  openHostProfile,
  openJoinerProfile,
  type PeerProfile,
} from "./profile.js"
import { openOnce, sealOnce } from "./sealing.js"
import type { CardSigner } from "./signer.js"
import {
  decodeHostContent,
  encodeHostContent,
  encodeHostReveal,
  type HostReveal,
} from "./wire/host-reveal.js"
import {
  decodeJoinerContent,
  encodeJoinerContent,
  encodeJoinerReveal,
  type JoinerReveal,
} from "./wire/joiner-reveal.js"

const joinerPurpose = "topic pairing joiner"
const hostPurpose = "topic pairing host"

/** What a session agreed on before anybody shows who it is. */
export interface Agreed {
  /** 32 bytes. */
  readonly transcript: Uint8Array
  readonly keys: PairingKeys
}

/** A whole '3'. */
export function makeJoinerReveal(
  signer: CardSigner,
  { keys, transcript }: Agreed,
  session: Uint8Array,
  ephemeralKey: Uint8Array,
  profile: Uint8Array,
): Uint8Array {
  const signature = signer.sign(joinerPurpose, transcript) // [TOPIC-9-5]
  const sealed = sealOnce(encodeJoinerContent({ profile, signature }), keys.joinerKey)
  return encodeJoinerReveal({ session, ephemeralKey, sealed })
}

/** A whole '4'. */
export function makeHostReveal(
  signer: CardSigner,
  { keys, transcript }: Agreed,
  session: Uint8Array,
  salt: Uint8Array,
  profile: Uint8Array,
): Uint8Array {
  const signature = signer.sign(hostPurpose, transcript) // [TOPIC-9-5]
  const sealed = sealOnce(encodeHostContent({ salt, profile, signature }), keys.hostKey)
  return encodeHostReveal({ session, sealed })
}

/**
 * Opens a '3' that whoever made the commitment made.
 *
 * A stranger that saw the '2' can make one, too, with an ephemeral key of its own. It never fits the
 * commitment, and must not end the session: hence a throw and no `null`.
 *
 * @returns `null` when the committed profile is none, or its signature is wrong: the joiner cheats.
 * @throws {PeerError} `not-authentic`, `bad-commitment`
 */
export function openJoinerReveal(
  { ephemeralKey, sealed }: JoinerReveal,
  { keys, transcript }: Agreed,
  commitment: Uint8Array,
): JoinerProfile | null {
  const { profile, signature } = decodeJoinerContent(openOnce(sealed, keys.joinerKey))
  if (!sameBytes(joinerCommitment(ephemeralKey, profile), commitment)) {
    throw new PeerError(
      "bad-commitment",
      "A pairing message does not fit what the other device announced before.",
    )
  }
  return proven(() => openJoinerProfile(profile), labelled(joinerPurpose, transcript), signature)
}

/**
 * Opens a '4'. Only who made the ephemeral key H of this session can make one that opens.
 *
 * @returns `null` when it does not fit the commitment, is no profile, or its signature is wrong: the
 * host cheats. [TOPIC-9-5]
 * @throws {PeerError} `not-authentic`
 */
export function openHostReveal(
  { sealed }: HostReveal,
  { keys, transcript }: Agreed,
  announced: { readonly ephemeralKey: Uint8Array; readonly commitment: Uint8Array },
): HostProfile | null {
  const { profile, salt, signature } = decodeHostContent(openOnce(sealed, keys.hostKey))
  const commitment = hostCommitment(announced.ephemeralKey, salt, profile)
  if (!sameBytes(commitment, announced.commitment)) return null
  return proven(() => openHostProfile(profile), labelled(hostPurpose, transcript), signature)
}

function proven<Profile extends PeerProfile>(
  open: () => Profile,
  signed: Uint8Array,
  signature: Uint8Array,
): Profile | null {
  try {
    const profile = open()
    return verify(signature, signed, profile.publicKey) ? profile : null
  } catch (error) {
    if (error instanceof PeerError) return null
    throw error
  }
}
