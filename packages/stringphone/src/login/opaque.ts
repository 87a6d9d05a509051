// OPAQUE-3DH of RFC 9807, and the only place that knows the library. Its random bytes are its own: it
// takes none from us, so that a login's OPAQUE messages, and nothing else of it, differ in each run.
import { client, ready, server } from "@serenity-kit/opaque"
import { base64url, fromBase64url, PeerError, UsageError } from "../bytes/index.js"
import type { Price } from "./price.js"

export const opaqueBytes = {
  registrationRequest: 32,
  registrationResponse: 64,
  record: 192,
  ke1: 96,
  ke2: 320,
  ke3: 64,
  sessionKey: 64,
  setup: 128,
  serverState: 128,
} as const

/** Who the two are: part of what was registered. */
export interface OpaqueIdentities {
  readonly client: string
  readonly server: string
}

/** The client's side after its first message. Secret, both; the library's own bytes. */
export interface OpaqueStarted {
  readonly state: Uint8Array
  readonly message: Uint8Array
}

let isReady = false

/** The library has to be compiled once before anything else here. */
export async function opaqueReady(): Promise<void> {
  await ready
  isReady = true
}

/** OPRF seed 64 ‖ private key 32 ‖ a public key 32 whose private one nobody has. */
export function createOpaqueSetup(): Uint8Array {
  checkReady()
  return fromLibrary(server.createSetup(), opaqueBytes.setup)
}

export function startOpaqueRegistration(password: string): OpaqueStarted {
  checkReady()
  const { clientRegistrationState, registrationRequest } = client.startRegistration({ password })
  return {
    state: fromBase64url(clientRegistrationState),
    message: fromLibrary(registrationRequest, opaqueBytes.registrationRequest),
  }
}

/** @throws {PeerError} `malformed` */
export function answerOpaqueRegistration(
  setup: Uint8Array,
  login: string,
  request: Uint8Array,
): Uint8Array {
  const params = {
    serverSetup: toLibrary(setup, opaqueBytes.setup),
    userIdentifier: login,
    registrationRequest: toLibrary(request, opaqueBytes.registrationRequest),
  }
  const { registrationResponse } = orMalformed(() => server.createRegistrationResponse(params))
  return fromLibrary(registrationResponse, opaqueBytes.registrationResponse)
}

/** @throws {PeerError} `malformed` */
export function finishOpaqueRegistration(
  state: Uint8Array,
  password: string,
  response: Uint8Array,
  identifiers: OpaqueIdentities,
  price: Price,
): Uint8Array {
  const params = {
    clientRegistrationState: base64url(state),
    password,
    registrationResponse: toLibrary(response, opaqueBytes.registrationResponse),
    identifiers: { ...identifiers },
    keyStretching: stretching(price),
  }
  const { registrationRecord } = orMalformed(() => client.finishRegistration(params))
  return fromLibrary(registrationRecord, opaqueBytes.record)
}

export function startOpaqueLogin(password: string): OpaqueStarted {
  checkReady()
  const { clientLoginState, startLoginRequest } = client.startLogin({ password })
  return {
    state: fromBase64url(clientLoginState),
    message: fromLibrary(startLoginRequest, opaqueBytes.ke1),
  }
}

/** @throws {PeerError} `malformed` */
export function answerOpaqueLogin(
  setup: Uint8Array,
  record: Uint8Array,
  ke1: Uint8Array,
  identifiers: OpaqueIdentities,
): { readonly state: Uint8Array; readonly ke2: Uint8Array } {
  const params = {
    serverSetup: toLibrary(setup, opaqueBytes.setup),
    registrationRecord: toLibrary(record, opaqueBytes.record),
    startLoginRequest: toLibrary(ke1, opaqueBytes.ke1),
    userIdentifier: identifiers.client,
    identifiers: { ...identifiers },
  }
  const { loginResponse, serverLoginState } = orMalformed(() => server.startLogin(params))
  return {
    state: fromLibrary(serverLoginState, opaqueBytes.serverState),
    ke2: fromLibrary(loginResponse, opaqueBytes.ke2),
  }
}

/**
 * Takes as long as Argon2id does.
 * @returns `null`: not this password, or not this server
 */
export function finishOpaqueLogin(
  state: Uint8Array,
  password: string,
  ke2: Uint8Array,
  identifiers: OpaqueIdentities,
  price: Price,
): { readonly ke3: Uint8Array; readonly sessionKey: Uint8Array } | null {
  const params = {
    clientLoginState: base64url(state),
    password,
    loginResponse: toLibrary(ke2, opaqueBytes.ke2),
    identifiers: { ...identifiers },
    keyStretching: stretching(price),
  }
  const finished = orNull(() => client.finishLogin(params))
  return (
    finished && {
      ke3: fromLibrary(finished.finishLoginRequest, opaqueBytes.ke3),
      sessionKey: fromLibrary(finished.sessionKey, opaqueBytes.sessionKey),
    }
  )
}

/** @returns the session key; `null`: the client did not know the password */
export function verifyOpaqueLogin(
  state: Uint8Array,
  ke3: Uint8Array,
  identifiers: OpaqueIdentities,
): Uint8Array | null {
  const params = {
    serverLoginState: toLibrary(state, opaqueBytes.serverState),
    finishLoginRequest: toLibrary(ke3, opaqueBytes.ke3),
    identifiers: { ...identifiers },
  }
  const finished = orNull(() => server.finishLogin(params))
  return finished && fromLibrary(finished.sessionKey, opaqueBytes.sessionKey)
}

function stretching({ passes, kib, lanes }: Price): {
  "argon2id-custom": { iterations: number; memory: number; parallelism: number }
} {
  return { "argon2id-custom": { iterations: passes, memory: kib, parallelism: lanes } }
}

/** The library reads what is too long as if it were not. */
function toLibrary(bytes: Uint8Array, length: number): string {
  checkReady()
  if (bytes.length !== length) throw malformed()
  return base64url(bytes)
}

/** Another length is another version of the library. */
function fromLibrary(text: string, length: number): Uint8Array {
  const bytes = fromBase64url(text)
  if (bytes.length !== length) {
    throw new UsageError("other-opaque", "This version of @serenity-kit/opaque is not supported.")
  }
  return bytes
}

/** What has the right length throws for one reason: it is no encoding of a point. */
function orMalformed<T>(run: () => T): T {
  const result = orNull(run)
  if (result !== null) return result
  throw malformed()
}

function orNull<T>(run: () => T | undefined): T | null {
  try {
    return run() ?? null
  } catch (cause) {
    if (cause instanceof Error && cause.message.startsWith("opaque protocol error")) return null
    throw new UsageError("no-memory", "This device has not enough memory for this login's price.", {
      cause,
    })
  }
}

function checkReady(): void {
  if (isReady) return
  throw new UsageError("not-ready", "Wait for opaqueReady() once, before the first login.")
}

function malformed(cause?: unknown): PeerError {
  return new PeerError("malformed", "Malformed message of a login: it is none of OPAQUE.", {
    cause,
  })
}
