// Our classic login behind the requests of login_classic.py, so that both can be asked the same.
import { fromHex, hex, PeerError, u16, UsageError } from "../../src/bytes/index.js"
import { advance, baseOf, boundSaltOf, chainKeyOf } from "../../src/login/classic/kdf.js"
import {
  ClassicLoginClient,
  ClassicLoginServer,
  ClassicRecord,
  createClassicRecord,
} from "../../src/login/classic/index.js"
import { ClassicSession } from "../../src/login/classic/session.js"
import { Tokens } from "../../src/login/classic/tokens.js"
import { decodeCall } from "../../src/login/classic/wire/call.js"
import { decodeChallenge } from "../../src/login/classic/wire/challenge.js"
import { decodeGrant } from "../../src/login/classic/wire/grant.js"
import { decodeProof } from "../../src/login/classic/wire/proof.js"
import { decodeRecord } from "../../src/login/classic/wire/record.js"
import { decodeRequest } from "../../src/login/classic/wire/request.js"

interface Cost {
  readonly passes: number
  readonly kib: number
}

interface User {
  readonly realm: string
  readonly login: string
  readonly password: string
}

type Bound = readonly [least: number, most: number]

/** The user's end, and what it draws. */
export interface ClientSide extends User {
  readonly nonce: string
  readonly dh: string | null
  readonly bounds: { readonly m: Bound; readonly passes: Bound; readonly kib: Bound }
}

/** The server's end, and what it draws. */
export interface ServerSide extends Cost {
  readonly realm: string
  readonly secret: string
  readonly record: string | null
  readonly m: number
  readonly nonce: string
  readonly dh: string | null
  readonly token: string
  readonly tokenKey: string
  readonly boxNonce: string
}

interface TokenSide {
  readonly login: string
  readonly token: string
  readonly tokenKey: string
}

type Args = readonly (readonly [string, string])[]

/** The requests that login_classic.py describes. */
export type Request =
  | ({
      readonly do: "kdf"
      readonly salt: string
      readonly n: number
      readonly more: number
    } & User &
      Cost)
  | ({ readonly do: "record"; readonly salt: string } & User & Cost)
  | { readonly do: "decode"; readonly kind: keyof typeof decoders; readonly text: string }
  | { readonly do: "request"; readonly client: ClientSide }
  | { readonly do: "challenge"; readonly server: ServerSide; readonly request: string }
  | { readonly do: "prove"; readonly client: ClientSide; readonly challenge: string }
  | {
      readonly do: "check"
      readonly server: ServerSide
      readonly request: string
      readonly proof: string
    }
  | {
      readonly do: "accept"
      readonly client: ClientSide
      readonly challenge: string
      readonly grant: string
      readonly args: Args
    }
  | ({ readonly do: "call"; readonly seq: number; readonly args: Args } & TokenSide)
  | ({ readonly do: "take"; readonly last: number; readonly call: string } & TokenSide)

export type Answer = { readonly ok: unknown } | { readonly error: string }

/** What ours answers; errors by their codes. */
export function answer(request: Request): Answer {
  try {
    return { ok: inHex(answerOrThrow(request)) }
  } catch (error) {
    if (error instanceof PeerError || error instanceof UsageError) return { error: error.code }
    throw error
  }
}

const acceptRisks = "classic-login"
const nowMs = 1_800_000_000_000

const dhOf = (key: Uint8Array | null) => (key ? { dh: key } : {})
const costOf = ({ passes, memoryKib }: { passes: number; memoryKib: number }) => ({
  passes,
  kib: memoryKib,
})
const signOf = (text: string) => ({ sign: text.slice(-64) })

/** By kind of message, with the names that it has in the message. */
const decoders = {
  request(text: string) {
    const { login, nonce, exchangeKey } = decodeRequest(text)
    return { user: login, nonce, ...dhOf(exchangeKey) }
  },
  challenge(text: string) {
    const { steps, salt, cost, nonce, exchangeKey } = decodeChallenge(text)
    return { m: steps, salt, ...costOf(cost), nonce, ...dhOf(exchangeKey) }
  },
  proof(text: string) {
    const { login, nonce } = decodeProof(text)
    return { user: login, nonce, ...signOf(text) }
  },
  grant: decodeGrant,
  call(text: string) {
    const { login, token, number, args } = decodeCall(text)
    return { user: login, token, seq: number, ...signOf(text), args }
  },
  record(text: string) {
    const { login, salt, cost, steps, key } = decodeRecord(text)
    return { user: login, salt, ...costOf(cost), n: steps, h: key }
  },
}

/** Gives just these, one after the other. */
function drawing(...drawn: readonly (string | Uint8Array | null)[]) {
  const left = drawn.filter((one) => one !== null)
  return () => {
    const next = left.shift()!
    return typeof next === "string" ? fromHex(next) : next
  }
}

/** A client that has asked, and what it said. */
function asked({ realm, login, nonce, dh, bounds }: ClientSide) {
  const client = new ClassicLoginClient({
    acceptRisks,
    realm,
    login,
    hasExchange: dh !== null,
    bounds: {
      minSteps: bounds.m[0],
      maxSteps: bounds.m[1],
      minPasses: bounds.passes[0],
      maxPasses: bounds.passes[1],
      minMemoryKib: bounds.kib[0],
      maxMemoryKib: bounds.kib[1],
    },
  })
  return { client, request: client.request(drawing(nonce, dh)) }
}

/** A server that has answered, and what it said. */
function challenged(side: ServerSide, request: string) {
  const { realm, secret, passes, kib, m, nonce, dh } = side
  const server = new ClassicLoginServer({
    acceptRisks,
    realm,
    secret: fromHex(secret),
    cost: { passes, memoryKib: kib },
    hasExchange: dh !== null,
  })
  const record = side.record === null ? null : ClassicRecord.fromText(side.record)
  const random = drawing(u16(m - (record?.steps ?? 1000) - 1), nonce, dh)
  return { server, challenge: server.challenge(request, record, { nowMs, random }) }
}

function answerOrThrow(ask: Request): unknown {
  switch (ask.do) {
    case "kdf": {
      const cost = { passes: ask.passes, memoryKib: ask.kib }
      const boundSalt = boundSaltOf(ask.realm, ask.login, fromHex(ask.salt))
      const [chainKey, base] = [chainKeyOf(boundSalt), baseOf(ask.password, boundSalt, cost)]
      const key = advance(chainKey, base, ask.n)
      return { boundSalt, chainKey, base, key, advanced: advance(chainKey, key, ask.more) }
    }
    case "record": {
      const { realm, login, password, passes, kib } = ask
      const user = {
        acceptRisks,
        realm,
        login,
        password,
        cost: { passes, memoryKib: kib },
      } as const
      return createClassicRecord(user, drawing(ask.salt)).toText()
    }
    case "decode":
      return decoders[ask.kind](ask.text)
    case "request":
      return asked(ask.client).request
    case "challenge":
      return challenged(ask.server, ask.request).challenge
    case "prove":
      return asked(ask.client).client.prove(ask.challenge, ask.client.password)
    case "check": {
      const { token, tokenKey, boxNonce } = ask.server
      const random = drawing(token, tokenKey, boxNonce)
      return challenged(ask.server, ask.request).server.prove(ask.proof, { nowMs, random }).text
    }
    case "accept": {
      const { client } = asked(ask.client)
      client.prove(ask.challenge, ask.client.password)
      return client.accept(ask.grant).call(ask.args)
    }
    case "call": {
      const grant = { token: fromHex(ask.token), tokenKey: fromHex(ask.tokenKey) }
      return new ClassicSession(ask.login, grant, ask.seq - 1).call(ask.args)
    }
    case "take": {
      const [token, tokenKey] = [fromHex(ask.token), fromHex(ask.tokenKey)]
      const tokens = new Tokens(1)
      const live = { login: ask.login, token, tokenKey, endsAtMs: nowMs + 1, lastNumber: ask.last }
      tokens.add(live, nowMs)
      const { number, args } = tokens.take(ask.call, nowMs)
      return { seq: number, args }
    }
  }
}

/** As JSON has it: bytes in hexadecimal, at every depth. */
function inHex(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, one: unknown) => (one instanceof Uint8Array ? hex(one) : one)),
  )
}
