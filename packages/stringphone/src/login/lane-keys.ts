import { concat, u32 } from "../bytes/index.js"
import { derive, labelled } from "../crypto/index.js"
import { box, openBox } from "./box.js"
import type { Generation } from "./generation-keys.js"

const noSalt = new Uint8Array(0)

type Use = "request signing" | "answer signing" | "request sealing" | "answer sealing"

/** The keys of one lane, each made when it is used first. They show in no log. spec/login.md §4 */
export class LaneKeys {
  readonly #root: Uint8Array
  readonly #info: Uint8Array
  readonly #keys = new Map<Use, Uint8Array>()

  /** @param lane its ID, 16 bytes */
  constructor({ session, generation, root }: Generation, lane: Uint8Array) {
    this.#root = root
    this.#info = concat(session, u32(generation), lane)
  }

  /** For HMAC over signed calls. Whoever has it calls in this lane's name. [LOGIN-7-1] */
  requestSigningKey(): Uint8Array {
    return this.#key("request signing")
  }

  /** For HMAC over the answers to them. [LOGIN-7-4] */
  answerSigningKey(): Uint8Array {
    return this.#key("answer signing")
  }

  /** A number is used once in its life, and once for its answer. [LOGIN-5-5] */
  sealRequest(number: number, head: Uint8Array, plaintext: Uint8Array): Uint8Array {
    return box(this.#key("request sealing"), number, head, plaintext)
  }

  openRequest(number: number, head: Uint8Array, sealed: Uint8Array): Uint8Array | null {
    return openBox(this.#key("request sealing"), number, head, sealed)
  }

  sealAnswer(number: number, boundTo: Uint8Array, plaintext: Uint8Array): Uint8Array {
    return box(this.#key("answer sealing"), number, boundTo, plaintext)
  }

  openAnswer(number: number, boundTo: Uint8Array, sealed: Uint8Array): Uint8Array | null {
    return openBox(this.#key("answer sealing"), number, boundTo, sealed)
  }

  #key(use: Use): Uint8Array {
    const known = this.#keys.get(use)
    if (known) return known
    const key = derive(this.#root, noSalt, labelled(`login ${use}`, this.#info), 32)
    this.#keys.set(use, key)
    return key
  }
}
