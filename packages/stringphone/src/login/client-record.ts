import { UsageError } from "../bytes/index.js"
import { opaqueIdentities, type RecordTerms } from "./handshake-keys.js"
import { takeLogin, takePassword } from "./names.js"
import { finishOpaqueRegistration, startOpaqueRegistration } from "./opaque.js"
import { type PriceBounds, takePrice } from "./price.js"

/**
 * The client's side of a record: at a registration, and for another password or price. The password
 * is given for each step, and not kept between them.
 */
export class ClientRecord {
  #state: Uint8Array | null = null

  /**
   * 32 bytes for the server.
   * @throws {UsageError} `bad-password`, `wrong-order`, `not-ready`
   */
  request(password: string): Uint8Array {
    if (this.#state) throw wrongOrder()
    const { message, state } = startOpaqueRegistration(takePassword(password))
    this.#state = state
    return message
  }

  /**
   * 192 bytes for the server. Takes as long as Argon2id does.
   *
   * @param password the same as before
   * @throws {PeerError} `weak-price`, `price-too-high`, `malformed`
   * @throws {UsageError} `bad-password`, `wrong-order`
   */
  record(
    response: Uint8Array,
    password: string,
    login: string,
    terms: RecordTerms,
    bounds: PriceBounds = {},
  ): Uint8Array {
    const state = this.#state
    if (!state) throw wrongOrder()
    const price = takePrice(terms.price, bounds) // [LOGIN-2-3]
    const identities = opaqueIdentities(takeLogin(login), terms)
    return finishOpaqueRegistration(state, takePassword(password), response, identities, price)
  }
}

function wrongOrder(): UsageError {
  return new UsageError("wrong-order", "Make the request of a record once, then the record.")
}
