import { sameBytes, UsageError } from "../../bytes/index.js"
import type { Identity } from "../../identity/index.js"
import { opaqueReady, type Price, ServerRealm, ServerSetups } from "../../login/index.js"
import type { Store } from "../../store/index.js"
import { keys } from "./server-entries.js"

export interface ServerRealmsOptions {
  readonly store: Store
  readonly realm: string
  readonly identity: Identity
  readonly formerIdentities: readonly Identity[]
  readonly price?: Price | undefined
  readonly minimumPrice?: Price | undefined
}

/** The realm under each identity that this server has or had, and the OPAQUE setups in the store. */
export class ServerRealms {
  readonly #options: ServerRealmsOptions
  readonly #identities: readonly Identity[]
  #setups: ServerSetups

  private constructor(options: ServerRealmsOptions, setups: ServerSetups) {
    this.#options = options
    this.#identities = [options.identity, ...options.formerIdentities]
    this.#setups = setups
  }

  /**
   * Makes the first setup where there is none.
   * @throws {UsageError} `bad-realm`, `bad-price` @throws {ChannelError} `setup-corrupt`, those of the store
   */
  static async open(options: ServerRealmsOptions): Promise<ServerRealms> {
    await opaqueReady()
    const realms = new ServerRealms(options, await loadSetups(options.store))
    realms.now()
    return realms
  }

  /** What new records are made for. @param serverKey of an earlier identity, if it is known to somebody by it */
  now(serverKey?: Uint8Array): ServerRealm {
    const { minimumPrice, price, realm } = this.#options
    const identity = serverKey ? this.identityOf(serverKey) : this.current
    return new ServerRealm({ realm, identity, setups: this.#setups, price, minimumPrice })
  }

  /** Reads them again when another server has made a newer setup. */
  async forSetup(setup: number | null): Promise<ServerRealm> {
    if (setup !== null && !this.#setups.numbers.includes(setup)) {
      this.#setups = await loadSetups(this.#options.store)
    }
    return this.now()
  }

  /** For all records to come; the others are outdated from now on. [LOGIN-10-2] */
  async renewSetup(): Promise<number> {
    const { store } = this.#options
    for (;;) {
      const entry = await store.get(keys.setups)
      const next = (entry ? ServerSetups.restore(entry.value) : this.#setups).withNewer()
      const checks = [{ key: keys.setups, version: entry?.version ?? null }]
      if (!(await store.commit({ checks, writes: [{ key: keys.setups, value: next.save() }] }))) {
        continue
      }
      this.#setups = next
      return next.newest
    }
  }

  get current(): Identity {
    return this.#options.identity
  }

  /** Who has heard of this key only believes its errors. [LOGIN-10-3] */
  identityOf(serverKey: Uint8Array): Identity {
    return this.identityWith(serverKey) ?? this.current
  }

  /** `null`: this server does not have it any more. */
  identityWith(serverKey: Uint8Array): Identity | null {
    return this.#identities.find((one) => sameBytes(one.publicKey, serverKey)) ?? null
  }

  /** A lane's ID begins as the server key that its device knows: so also lost lanes have errors that it believes. */
  identityOfLane(lane: Uint8Array): Identity {
    return this.#identities.find((one) => one.publicKey[0] === lane[0]) ?? this.current
  }

  laneFor(serverKey: Uint8Array, random: Uint8Array): Uint8Array {
    const lane = random.slice()
    lane.set(serverKey.subarray(0, 1))
    return lane
  }
}

async function loadSetups(store: Store): Promise<ServerSetups> {
  for (;;) {
    const entry = await store.get(keys.setups)
    if (entry) return ServerSetups.restore(entry.value)
    const setups = ServerSetups.create()
    const checks = [{ key: keys.setups, version: null }]
    if (await store.commit({ checks, writes: [{ key: keys.setups, value: setups.save() }] })) {
      return setups
    }
  }
}

/** @throws {UsageError} `bad-base` */
export function takeBase(base: string): string {
  if (/^(?:\/[A-Za-z0-9._~-]+)+$/.test(base)) return base
  throw new UsageError(
    "bad-base",
    "The base is a path such as /.stringphone/login, without a slash at its end.",
  )
}
