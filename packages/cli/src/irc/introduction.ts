import type { Identity } from "stringphone/identity"
import { encodePacket, fragment, packetSigner, signIntroduction } from "stringphone/room/classic"

/** Our key as users of Flute take it, in lines for one person. */
export function introductionLines(identity: Identity): readonly string[] {
  const signer = packetSigner(identity.exportSeed())
  return fragment(encodePacket(signIntroduction(signer)))
}
