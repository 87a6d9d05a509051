import type { ClassicRecord } from "../../src/login/classic/index.js"
import {
  type ClassicCall,
  type ClassicGrant,
  ClassicLoginClient,
  type ClassicLoginClientOptions,
  ClassicLoginServer,
  type ClassicLoginServerOptions,
  type ClassicSession,
  createClassicRecord,
} from "../../src/login/classic/index.js"
import { secret } from "./fixtures.js"
import { seededRandom } from "./mailbox-classic-fixtures.js"

export const acceptRisks = "classic-login"
export const realm = "house.example"
export const password = "sunshine1"
/** The least that Argon2id can do: no test is about how long it takes. */
export const cost = { passes: 1, memoryKib: 8 }
export const startMs = 1_800_000_000_000

export function recordOf(login: string, typed: string = password): ClassicRecord {
  const user = { acceptRisks, realm, login, password: typed, cost } as const
  return createClassicRecord(user, seededRandom(`record of ${login}, ${typed}`))
}

/** A server with its users and its clock. */
export class House {
  readonly random = seededRandom("house")
  readonly records = new Map<string, ClassicRecord>()
  readonly options: ClassicLoginServerOptions
  server: ClassicLoginServer
  nowMs = startMs

  constructor(options: Partial<ClassicLoginServerOptions> = {}) {
    this.options = { acceptRisks, realm, cost, secret: secret(0x77), ...options }
    this.server = new ClassicLoginServer(this.options)
  }

  register(login: string, typed: string = password): ClassicRecord {
    const record = recordOf(login, typed)
    this.records.set(login, record)
    return record
  }

  challenge(request: string): string {
    const record = this.records.get(ClassicLoginServer.loginOf(request)) ?? null
    return this.server.challenge(request, record, this)
  }

  prove(proof: string): ClassicGrant {
    return this.server.prove(proof, this)
  }

  call(text: string): ClassicCall {
    return this.server.call(text, this.nowMs)
  }

  /** Comes back from what was saved; without: from what it has now. */
  restart(saved: Uint8Array = this.server.save()): void {
    this.server = new ClassicLoginServer({ ...this.options, saved })
  }
}

export function clientOf(
  login: string,
  options: Partial<ClassicLoginClientOptions> = {},
): ClassicLoginClient {
  return new ClassicLoginClient({
    acceptRisks,
    realm,
    login,
    bounds: { minMemoryKib: 8 },
    ...options,
  })
}

/** What goes over the wire in one login. */
export interface Wire {
  readonly request: string
  readonly challenge: string
  readonly proof: string
  readonly grant: string
}

/** A whole login, and what somebody who listens has of it. */
export function logIn(
  house: House,
  login = "alice",
  typed: string = password,
  options: Partial<ClassicLoginClientOptions> = {},
): { readonly session: ClassicSession; readonly wire: Wire } {
  const client = clientOf(login, options)
  const request = client.request(seededRandom(`client of ${login}, ${house.nowMs}`))
  const challenge = house.challenge(request)
  const proof = client.prove(challenge, typed)
  const grant = house.prove(proof).text
  return { session: client.accept(grant), wire: { request, challenge, proof, grant } }
}

/** A server with one user. */
export function houseOfAlice(options: Partial<ClassicLoginServerOptions> = {}): House {
  const house = new House(options)
  house.register("alice")
  return house
}

/** A client that has asked, and the challenge that it got. */
export function asked(
  house: House,
  login = "alice",
  options: Partial<ClassicLoginClientOptions> = {},
) {
  const client = clientOf(login, options)
  const request = client.request(seededRandom(`${login} asks at ${house.nowMs}`))
  return { client, request, challenge: house.challenge(request) }
}

/** The answer to a new challenge. */
export const proofOf = (house: House, login = "alice", typed = password) => {
  const { client, challenge } = asked(house, login)
  return client.prove(challenge, typed)
}
