import { utf8 } from "../../bytes/index.js"
import { foldName } from "./case-mapping.js"
import { fold16 } from "./fold16.js"

/**
 * Two bytes that tell which channel a private line is about, where two people share several. No
 * secret. [IRC-2-4]
 */
export function channelTag(address: string): number {
  return fold16(utf8(foldName(address.replace(/^.*[/:]/s, ""), "rfc1459")))
}
