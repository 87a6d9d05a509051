import { hash } from "../../src/crypto/index.js"
import { concat, u32, utf8 } from "../../src/bytes/index.js"
import { Identity } from "../../src/identity/index.js"
import type { AcceptedLogin } from "../../src/login/index.js"
import {
  ClientLogin,
  type ClientLoginOptions,
  ClientRecord,
  type FinishOptions,
  type LoggedIn,
  type LoginRecord,
  opaqueReady,
  type Price,
  type RandomBytes,
  ServerLogin,
  ServerRealm,
  type ServerRealmOptions,
  ServerSetups,
} from "../../src/login/index.js"

await opaqueReady()

/** Cheap enough for tests. */
export const cheap: Price = { passes: 1, kib: 8, lanes: 1 }
export const password = "correct horse"
export const login = "alice"
export const realmName = "lamp.example"
export const session: Uint8Array = new Uint8Array(16).fill(0x5e)
export const lifetimes = { accessSeconds: 3600, refreshSeconds: 7_776_000 }

/** The same bytes in each run. */
export function seeded(name: string): RandomBytes {
  let counter = 0
  return (length) => {
    const blocks = Array.from({ length: Math.ceil(length / 32) }, () =>
      hash(concat(utf8(name), u32(counter++))),
    )
    return concat(...blocks).subarray(0, length)
  }
}

export const random: RandomBytes = seeded("server")
export const serverIdentity: Identity = new Identity(new Uint8Array(32).fill(7))
export const setups: ServerSetups = ServerSetups.create()

export function realmWith(changes: Partial<ServerRealmOptions> = {}): ServerRealm {
  return new ServerRealm({
    realm: realmName,
    identity: serverIdentity,
    setups,
    price: cheap,
    minimumPrice: cheap,
    ...changes,
  })
}

/** What the server keeps of a user. */
export function recordOf(realm: ServerRealm, of = login, secret = password): LoginRecord {
  const client = new ClientRecord()
  const { offer } = realm
  const response = realm.answerRegistration(offer, of, client.request(secret))
  const record = client.record(response, secret, of, realm.termsOf(offer), { minimum: cheap })
  return realm.takeRecord(of, record, offer)
}

export function clientWith(changes: Partial<ClientLoginOptions> = {}): ClientLogin {
  return new ClientLogin({ login, realm: realmName, minimumPrice: cheap, ...changes })
}

export interface Run {
  readonly loggedIn: LoggedIn
  readonly accepted: AcceptedLogin
  readonly sent: Readonly<Record<"start" | "challenge" | "finish" | "welcome", Uint8Array>>
}

/** A login as it should be. */
export function logIn(
  realm: ServerRealm,
  record: LoginRecord,
  client: ClientLogin = clientWith(),
  options: Partial<FinishOptions> = {},
  secret = password,
): Run {
  const server = new ServerLogin(realm)
  const start = client.start(secret)
  const { answer: challenge, attempt } = server.challenge(start, record, { random })
  const finish = client.finish(challenge, secret, { device: "Alice's phone", ...options })
  const accepted = server.finish(finish, attempt)
  if (!accepted) throw new Error("the login was denied")
  const scopes = accepted.scopesWanted ?? ["lamps"]
  const welcome = accepted.sealWelcome({ session, scopes, ...lifetimes })
  const loggedIn = client.welcome(welcome)
  return { loggedIn, accepted, sent: { start, challenge, finish, welcome } }
}

/** The code of the error that `run` throws, or `"none"`. */
export function codeOf(run: () => unknown): string {
  try {
    run()
    return "none"
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error)
  }
}
