import { hex } from "stringphone/bytes"
import {
  addContact,
  type Contact,
  type ContactBook,
  contactByKey,
  decideTrust,
  removeContact,
  renameContact,
  type VerifiedBy,
} from "stringphone/identity"
import type { KeyRing } from "stringphone/keyring"

/** The contacts in the key ring as the page shows them, and what a person can do with them. */
export class AddressBook {
  contacts = $state.raw<readonly Contact[]>([])
  readonly #ring: () => KeyRing | null
  readonly #onChange: () => Promise<void>

  /** @param onChange is called after every decision */
  constructor(ring: () => KeyRing | null, onChange: () => Promise<void>) {
    this.#ring = ring
    this.#onChange = onChange
  }

  /** Takes over what the key ring says, where it changed. */
  async refresh(): Promise<void> {
    const contacts = (await this.#ring()?.contacts()) ?? []
    if (digest(contacts) !== digest(this.contacts)) this.contacts = contacts
  }

  of(publicKey: Uint8Array): Contact | null {
    return contactByKey(this.contacts, publicKey)
  }

  /**
   * Gives a key a name: a new contact is trusted by that, and not verified.
   * @throws {UsageError} `bad-petname`, `petname-taken`
   */
  name(publicKey: Uint8Array, petname: string): Promise<void> {
    const trusted = { state: "trusted", atMs: Date.now() } as const
    return this.#update((book) =>
      contactByKey(book, publicKey)
        ? renameContact(book, publicKey, petname)
        : addContact(book, { petname, publicKey }, trusted),
    )
  }

  /** Only ever called because a person said that the eight words are the same, or what `by` names. */
  verify({ publicKey }: Contact, by: VerifiedBy = "words"): Promise<void> {
    const verified = { state: "verified", atMs: Date.now(), by } as const
    return this.#update((book) => decideTrust(book, publicKey, verified))
  }

  /** No message of it counts from now on. */
  revoke({ publicKey }: Contact): Promise<void> {
    const revoked = { state: "revoked", atMs: Date.now() } as const
    return this.#update((book) => decideTrust(book, publicKey, revoked))
  }

  forget({ publicKey }: Contact): Promise<void> {
    return this.#update((book) => removeContact(book, publicKey))
  }

  async #update(change: (book: ContactBook) => ContactBook): Promise<void> {
    const ring = this.#ring()
    if (!ring) return
    this.contacts = await ring.updateContacts(change)
    await this.#onChange()
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
