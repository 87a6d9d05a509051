import { contactByKey } from "stringphone/identity"
import { sameBytes } from "stringphone/bytes"
import { reportKey, trustText } from "../person.js"
import type { Device } from "./device.js"
import type { MemberReport } from "./event.js"
import type { Names } from "./names.js"

/**
 * Everybody in the topic as the computer knows them; this home's devices first.
 * @param devices the computer first
 */
export async function listMembers(
  devices: readonly Device[],
  names: Names,
): Promise<readonly MemberReport[]> {
  const [computer] = devices
  if (!computer) return []
  const book = await computer.ring.contacts()
  await names.refresh()
  const rank = (publicKey: Uint8Array): number => {
    const at = devices.findIndex((device) => sameBytes(device.publicKey, publicKey))
    return at < 0 ? devices.length : at
  }
  return [...computer.session.participants()]
    .sort((a, b) => rank(a.publicKey) - rank(b.publicKey))
    .map(({ isAdmin, publicKey }) => {
      const device = devices[rank(publicKey)]
      const contact = contactByKey(book, publicKey)
      return {
        petname: names.of(publicKey),
        device: device?.body.kind ?? null,
        isAdmin,
        trust: device === computer ? "itself" : contact ? trustText(contact) : letInByOther,
        ...reportKey(publicKey),
      }
    })
}

const letInByOther = "let in by another admin, not verified here"
