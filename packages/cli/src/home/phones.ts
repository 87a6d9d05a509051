import { hex } from "stringphone/bytes"
import { type Contact, contactByKey, decideTrust } from "stringphone/identity"
import { reportKey, trustText } from "../person.js"
import type { Device } from "./device.js"
import type { Phone } from "./event.js"

/** Every phone that at least one device trusts. */
export async function listPhones(devices: readonly Device[]): Promise<readonly Phone[]> {
  const phones = new Map<string, Phone>()
  for (const { ring, session } of devices) {
    const book = await ring.contacts()
    for (const publicKey of session.participants()) {
      const contact: Contact | null = contactByKey(book, publicKey)
      phones.set(hex(publicKey), {
        petname: contact?.petname ?? "(no contact)",
        trust: trustText(contact),
        ...reportKey(publicKey),
      })
    }
  }
  return [...phones.values()]
}

/**
 * No device obeys this phone any more, from now on. It may ask again in a pairing window, as any
 * stranger. It keeps the topic key, which classic topics can not take back.
 *
 * @throws {ChannelError} those of the store
 */
export async function untrustPhone(
  devices: readonly Device[],
  publicKey: Uint8Array,
): Promise<void> {
  await Promise.all(
    devices.map(async ({ ring, session }) => {
      await ring.leaveOut(publicKey)
      await ring.updateContacts((book) =>
        contactByKey(book, publicKey)
          ? decideTrust(book, publicKey, { state: "unknown", atMs: Date.now() })
          : book,
      )
      await session.refresh()
    }),
  )
}
