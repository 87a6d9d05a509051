import { hex } from "stringphone/bytes"
import {
  addContact,
  type Contact,
  contactByKey,
  decideTrust,
  removeContact,
  renameContact,
} from "stringphone/identity"
import type { KeyRing } from "stringphone/keyring"

/** The contacts in the key ring as the page shows them, and what a person can do with them. */
export class AddressBook {
  contacts = $state.raw<readonly Contact[]>([])

  /** Takes over what the key ring says, where it changed. */
  async refresh(ring: KeyRing): Promise<void> {
    const contacts = await ring.contacts()
    if (digest(contacts) !== digest(this.contacts)) this.contacts = contacts
  }

  of(publicKey: Uint8Array): Contact | null {
    return contactByKey(this.contacts, publicKey)
  }

  /**
   * Gives a key a name: a new contact is trusted by that, and not verified.
   * @throws {UsageError} `bad-petname`, `petname-taken`
   */
  async name(ring: KeyRing, publicKey: Uint8Array, petname: string): Promise<void> {
    const trusted = { state: "trusted", atMs: Date.now() } as const
    this.contacts = await ring.updateContacts((book) =>
      contactByKey(book, publicKey)
        ? renameContact(book, publicKey, petname)
        : addContact(book, { petname, publicKey }, trusted),
    )
  }

  /** Only ever called because a person said that the eight words are the same. */
  async verify(ring: KeyRing, { publicKey }: Contact): Promise<void> {
    const verified = { state: "verified", atMs: Date.now(), by: "words" } as const
    this.contacts = await ring.updateContacts((book) => decideTrust(book, publicKey, verified))
  }

  /** No message of it counts from now on. */
  async revoke(ring: KeyRing, { publicKey }: Contact): Promise<void> {
    const revoked = { state: "revoked", atMs: Date.now() } as const
    this.contacts = await ring.updateContacts((book) => decideTrust(book, publicKey, revoked))
  }

  async forget(ring: KeyRing, { publicKey }: Contact): Promise<void> {
    this.contacts = await ring.updateContacts((book) => removeContact(book, publicKey))
  }
}

function digest(contacts: readonly Contact[]): string {
  return JSON.stringify(
    contacts.map(({ decisions, petname, publicKey }) => [
      hex(publicKey),
      petname,
      decisions.length,
    ]),
  )
}
