import { hex, sameBytes } from "stringphone/bytes"
import { contactByKey, type ContactBook, fingerprint } from "stringphone/identity"
import type { Device } from "./device.js"
import type { NamedKey } from "./event.js"

/** What this home calls somebody: its own devices, and whom the computer knows. */
export class Names {
  readonly #devices: () => readonly Device[]
  #book: ContactBook = []

  /** @param devices the computer first */
  constructor(devices: () => readonly Device[]) {
    this.#devices = devices
  }

  /** Takes over what changed in the computer's contact book. */
  async refresh(): Promise<void> {
    const [computer] = this.#devices()
    if (computer) this.#book = await computer.ring.contacts()
  }

  of(publicKey: Uint8Array): string {
    return this.#own(publicKey)?.body.name ?? this.petname(publicKey) ?? shortName(publicKey)
  }

  /** As {@link of}, but looks into the contact book again for somebody new. */
  async find(publicKey: Uint8Array): Promise<string> {
    if (!this.#isKnown(publicKey)) await this.refresh().catch(() => {}) // two words do as well
    return this.of(publicKey)
  }

  /** @returns `null` when the computer does not know it: another admin let it in. */
  petname(publicKey: Uint8Array): string | null {
    return contactByKey(this.#book, publicKey)?.petname ?? null
  }

  key(publicKey: Uint8Array): NamedKey {
    return { petname: this.of(publicKey), publicKey: hex(publicKey) }
  }

  #own(publicKey: Uint8Array): Device | null {
    return this.#devices().find((one) => sameBytes(one.publicKey, publicKey)) ?? null
  }

  #isKnown(publicKey: Uint8Array): boolean {
    return this.#own(publicKey) !== null || this.petname(publicKey) !== null
  }
}

/** Two words of the fingerprint. */
function shortName(publicKey: Uint8Array): string {
  return fingerprint(publicKey).words.slice(0, 2).join("-")
}
