import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { ChannelError, fromUtf8, UsageError, utf8 } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import { openNodeKeyRing } from "stringphone/keyring/node"
import { type LoginServer, openLoginServer } from "stringphone/session/login/server"
import { type Store, update } from "stringphone/store"
import { openFileStore } from "stringphone/store/file"
import { reportKey } from "../person.js"
import type { LoginService } from "../server/login-routes.js"
import { type ApiDevice, apiScopes, homeApi } from "./api.js"
import type { Emit, LoginReport } from "./event.js"
import { LoginNews } from "./login-news.js"

const profile = "login"
const stateFile = "login.state.json"
const realmKey = "home/realm"
/** Of an invitation: to be used now, by somebody nearby. */
const days = 1

export interface HomeLoginOptions {
  readonly directory: string
  /** What calls reach; none before the home has started. */
  readonly devices: () => readonly ApiDevice[]
  readonly emit: Emit
}

/** Who may call the home's API: a login server with an identity and a store of its own. */
export class HomeLogins {
  readonly service: LoginService
  readonly report: LoginReport
  readonly #server: LoginServer
  readonly #news: LoginNews
  readonly #emit: Emit
  readonly #stores: readonly Pick<Store, "close">[]

  private constructor(
    server: LoginServer,
    news: LoginNews,
    { devices, emit }: HomeLoginOptions,
    stores: readonly Pick<Store, "close">[],
  ) {
    const { base, identity, realm } = server
    this.service = {
      realm,
      base,
      handler: server.handler(homeApi(devices)),
      onError: (error) => news.trouble(error),
    }
    this.report = { realm, ...reportKey(identity.publicKey) }
    this.#server = server
    this.#news = news
    this.#emit = emit
    this.#stores = stores
  }

  /**
   * A home is a home without logins, too: what is wrong with them is told, and no more.
   * @returns `null` when what they keep can not be read
   */
  static async open(options: HomeLoginOptions): Promise<HomeLogins | null> {
    try {
      return await HomeLogins.#open(options)
    } catch (error) {
      if (!(error instanceof ChannelError || error instanceof UsageError)) throw error
      const why = error.code === "passphrase-needed" ? sealed(options.directory) : error.message
      const text = `Logins do not work, and the rest does. ${why}`
      options.emit({ event: "notice", level: "warning", text })
      return null
    }
  }

  static async #open(options: HomeLoginOptions): Promise<HomeLogins> {
    const { directory, emit } = options
    const news = new LoginNews(emit)
    const ring = await openNodeKeyRing({ directory, profile })
    const stores: Pick<Store, "close">[] = [ring]
    try {
      const store = await openFileStore({ path: join(directory, stateFile) })
      stores.unshift(store)
      const server = await openLoginServer({
        store,
        identity: ring.identity,
        realm: await realmOf(ring),
        onEvent: (event) => news.hear(event),
      })
      return new HomeLogins(server, news, options, stores)
    } catch (error) {
      for (const one of stores) await one.close()
      throw error
    }
  }

  /** For one person; the login is left to them. */
  async invite(url: string): Promise<void> {
    const { expiresAt, text } = await this.#server.invite({ url, scopes: apiScopes, days })
    this.#emit({ event: "invitation", text, url, expiresAt: expiresAt.toISOString() })
  }

  async close(): Promise<void> {
    await this.#server.settled()
    this.#news.stop()
    for (const one of this.#stores) await one.close()
  }
}

function sealed(directory: string): string {
  const place = `STRINGPHONE_HOME=${directory}`
  return `Their key ring is sealed, and a home asks nobody for a passphrase. Take the seal away: stringphone --as ${profile} id unseal, with ${place}`
}

/** The realm of a home: drawn once, and kept. */
async function realmOf({ store }: KeyRing): Promise<string> {
  const drawn = `home-${randomBytes(4).toString("hex")}`
  const entry = await update(store, realmKey, (before) => before ?? utf8(drawn))
  return fromUtf8(entry) ?? drawn
}
