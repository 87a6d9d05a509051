import { hex } from "stringphone/bytes"

/** Whom this phone has heard since its line was up. */
export class Heard {
  readonly #keys = new Set<string>()

  has(publicKey: Uint8Array): boolean {
    return this.#keys.has(hex(publicKey))
  }

  add(publicKey: Uint8Array): void {
    this.#keys.add(hex(publicKey))
  }

  clear(): void {
    this.#keys.clear()
  }
}
