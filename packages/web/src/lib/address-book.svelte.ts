import { hex, sameBytes } from "stringphone/bytes"
import {
  type Contact,
  contactByKey,
  decideTrust,
  removeContact,
  renameContact,
  trustOf,
} from "stringphone/identity"
import type { KeyRing } from "stringphone/keyring"
import type { ClassicTopicSession } from "stringphone/session"
import { participantId } from "stringphone/topic/classic"

/** The contacts in the key ring as the page shows them, and what a person can do with them. */
export class AddressBook {
  contacts = $state.raw<readonly Contact[]>([])
  /** Keys, in hexadecimal, that this home's topic trusts. */
  trusted = $state.raw<readonly string[]>([])

  /** Takes over what key ring and session say, where it changed. */
  async refresh(ring: KeyRing, session: ClassicTopicSession): Promise<void> {
    const contacts = await ring.contacts()
    if (!sameContacts(contacts, this.contacts)) this.contacts = contacts
    // The session takes up to two seconds to notice what was changed in the key ring.
    const known = session.participants().filter((key) => this.isKnown(key))
    const trusted = known.map(hex)
    if (trusted.join() !== this.trusted.join()) this.trusted = trusted
  }

  /** A contact's petname; for others what little is known. */
  nameOf(publicKey: Uint8Array): string {
    return contactByKey(this.contacts, publicKey)?.petname ?? "somebody without a name here"
  }

  /** The contact with this participant ID (16 bytes), or `null`. */
  byId(id: Uint8Array): Contact | null {
    const isIt = ({ publicKey }: Contact): boolean => sameBytes(participantId(publicKey), id)
    return this.contacts.find(isIt) ?? null
  }

  /** @throws {UsageError} `bad-petname`, `petname-taken` */
  async rename(ring: KeyRing, { publicKey }: Contact, petname: string): Promise<void> {
    this.contacts = await ring.updateContacts((book) => renameContact(book, publicKey, petname))
  }

  /** No message of it counts from now on. It keeps the topic key: classic topics can not change it. */
  async revoke(ring: KeyRing, { publicKey }: Contact): Promise<void> {
    const revoked = { state: "revoked", atMs: Date.now() } as const
    this.contacts = await ring.updateContacts((book) => decideTrust(book, publicKey, revoked))
    await ring.leaveOut(publicKey)
  }

  /** Removes a revoked contact, so that its key may be met anew. */
  async remove(ring: KeyRing, { publicKey }: Contact): Promise<void> {
    await ring.leaveOut(publicKey)
    this.contacts = await ring.updateContacts((book) => removeContact(book, publicKey))
  }

  /** Whether it is a contact, and not revoked. */
  isKnown(publicKey: Uint8Array): boolean {
    const contact = contactByKey(this.contacts, publicKey)
    return contact !== null && trustOf(contact).state !== "revoked"
  }
}

function sameContacts(a: readonly Contact[], b: readonly Contact[]): boolean {
  return (
    a.length === b.length &&
    a.every((contact, i) => {
      const other = b[i]
      return (
        contact.petname === other?.petname &&
        contact.decisions.length === other.decisions.length &&
        sameBytes(contact.publicKey, other.publicKey)
      )
    })
  )
}
