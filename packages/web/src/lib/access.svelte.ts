import type { Fingerprint } from "stringphone/identity"
import type { KeyRing } from "stringphone/keyring"
import type { Store } from "stringphone/store"
import { openIndexedDbStore } from "stringphone/store/indexeddb"
import { forgetEverything, phoneDatabase } from "./forget.ts"
import { fetchHomeInfo, type HomeInfo } from "./home-info.ts"
import { openRing } from "./open-ring.ts"
import { loadOwnName, saveOwnName } from "./own-name.ts"
import { painted } from "./painted.ts"
import { codeOf } from "./sentence.ts"
import type { Stage } from "./stage.ts"

/** What has to be there before the home can be called: its description, and this phone's own keys. */
export class Access {
  home = $state.raw<HomeInfo | null>(null)
  fingerprint = $state.raw<Fingerprint | null>(null)
  sealed = $state(false)
  /** What others are told when pairing. */
  ownName = $state("")
  ring: KeyRing | null = null
  #store: Store | null = null
  readonly #show: (stage: Stage) => void

  constructor(show: (stage: Stage) => void) {
    this.#show = show
  }

  /** Asks for the passphrase where there is one. @throws what a person has to be told */
  async open(): Promise<{ readonly home: HomeInfo; readonly ring: KeyRing }> {
    const home = await fetchHomeInfo()
    this.#store ??= await openIndexedDbStore({ name: phoneDatabase })
    this.ownName = await loadOwnName(this.#store)
    const ring = await this.#openRing()
    this.home = home
    this.ring = ring
    this.sealed = ring.sealed
    this.fingerprint = ring.identity.fingerprint
    return { home, ring }
  }

  /** @returns whether that is another name than before */
  async callMyself(name: string): Promise<boolean> {
    const trimmed = name.trim()
    if (!this.#store || trimmed === "" || trimmed === this.ownName) return false
    await saveOwnName(this.#store, trimmed)
    this.ownName = trimmed
    return true
  }

  /** Writes all that is stored anew; nothing else may write meanwhile. `null`: no passphrase. */
  async seal(passphrase: string | null): Promise<void> {
    await painted()
    try {
      await this.ring?.setPassphrase(passphrase)
    } finally {
      this.sealed = this.ring?.sealed ?? false
    }
  }

  async forget(): Promise<void> {
    await this.ring?.close()
    await this.#store?.close()
    await forgetEverything()
  }

  async #openRing(): Promise<KeyRing> {
    const { ring } = this
    if (ring) {
      try {
        await ring.contacts()
        return ring
      } catch (error) {
        // Another tab has sealed it anew.
        if (codeOf(error) !== "passphrase-changed") throw error
        await ring.close()
      }
    }
    const ask = (error: string | null): Promise<string> =>
      new Promise((open) => this.#show({ at: "sealed", error, open }))
    return openRing(ask, () => this.#show({ at: "opening" }))
  }
}
