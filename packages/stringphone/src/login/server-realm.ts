import { sameBytes } from "../bytes/index.js"
import type { Identity } from "../identity/index.js"
import { opaqueIdentities, type RecordTerms } from "./handshake-keys.js"
import type { LoginRecord, RecordOffer } from "./login-record.js"
import { takeRealm } from "./names.js"
import { startOpaqueLogin } from "./opaque.js"
import { checkOwnPrice, defaultPrice, type Price, samePrice } from "./price.js"
import type { ServerSetups } from "./server-setup.js"

export interface ServerRealmOptions {
  /** As `lamp.example`: stays the same wherever the server moves. */
  readonly realm: string
  readonly identity: Identity
  readonly setups: ServerSetups
  readonly price?: Price | undefined
  /** Less than the least of the specification: for tests. */
  readonly minimumPrice?: Price | undefined
}

/** What a server is and asks for now. */
export class ServerRealm {
  readonly realm: string
  readonly price: Price
  readonly identity: Identity
  readonly setups: ServerSetups

  /** @throws {UsageError} `bad-realm`, `bad-price` */
  constructor({ identity, minimumPrice, price, realm, setups }: ServerRealmOptions) {
    this.realm = takeRealm(realm)
    this.price = checkOwnPrice(price ?? defaultPrice, minimumPrice)
    this.identity = identity
    this.setups = setups
  }

  /** What a new record is made for. */
  get offer(): RecordOffer {
    return {
      setup: this.setups.newest,
      price: this.price,
      serverKey: this.identity.publicKey,
    }
  }

  /** What a record is bound to; for nobody's, what a new one would be. [LOGIN-3-1] */
  termsOf({ price, serverKey }: RecordOffer): RecordTerms {
    return { realm: this.realm, serverKey, price }
  }

  isOutdated({ price, serverKey, setup }: RecordOffer): boolean {
    const { offer } = this
    const isSameKey = sameBytes(serverKey, offer.serverKey)
    return setup !== offer.setup || !samePrice(price, offer.price) || !isSameKey
  }

  /** 64 bytes. @throws {PeerError} `malformed` */
  answerRegistration(offer: RecordOffer, login: string, request: Uint8Array): Uint8Array {
    return this.setups.answerRegistration(offer.setup, login, request)
  }

  /**
   * What a client registered, in return for an offer: what is none is found now, and not at a login.
   * @throws {PeerError} `malformed`
   */
  takeRecord(login: string, opaque: Uint8Array, offer: RecordOffer): LoginRecord {
    const identities = opaqueIdentities(login, this.termsOf(offer))
    const { message } = startOpaqueLogin("any")
    this.setups.answerLogin(offer.setup, opaque, message, identities)
    return { ...offer, opaque: opaque.slice() }
  }
}
