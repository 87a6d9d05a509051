// OPAQUE-3DH a second time, from RFC 9807 alone: ristretto255-SHA512, HKDF-SHA512, HMAC-SHA512. For
// tests: nothing here is constant-time, and whatever is random may be given.
import { ristretto255, ristretto255_hasher, ristretto255_oprf } from "@noble/curves/ed25519.js"
import { argon2id } from "@noble/hashes/argon2.js"
import { expand as hkdfExpand, extract as hkdfExtract } from "@noble/hashes/hkdf.js"
import { hmac } from "@noble/hashes/hmac.js"
import { sha512 } from "@noble/hashes/sha2.js"
import { concat, sameBytes, u16, u8, utf8 } from "../../src/bytes/index.js"
import { randomBytes } from "../../src/crypto/index.js"

const { Point } = ristretto255
const { oprf } = ristretto255_oprf
const nonceBytes = 32
const keyBytes = 32
const macBytes = 64
const hashBytes = 64
const envelopeBytes = nonceBytes + macBytes

/** §2: the slow hash between password and key. */
export type Stretch = (input: Uint8Array) => Uint8Array

export const unstretched: Stretch = (input) => input

/** §7: 16 zero bytes as salt, Nh bytes out. */
export function argon2(passes: number, kib: number, lanes: number): Stretch {
  const options = { t: passes, m: kib, p: lanes, dkLen: hashBytes }
  return (input) => argon2id(input, new Uint8Array(16), options)
}

/** Missing: the public keys. */
export interface Identities {
  readonly client?: Uint8Array | undefined
  readonly server?: Uint8Array | undefined
}

export interface Suite {
  readonly stretch: Stretch
  readonly context: Uint8Array
}

export interface KeyPair {
  readonly secretKey: Uint8Array
  readonly publicKey: Uint8Array
}

export interface Server {
  readonly oprfSeed: Uint8Array
  readonly keys: KeyPair
}

export interface Secrets {
  readonly blind: Uint8Array
  readonly message: Uint8Array
}

const random = (given: Uint8Array | undefined, length = nonceBytes): Uint8Array =>
  given ?? randomBytes(length)
const extract = (input: Uint8Array): Uint8Array => hkdfExtract(sha512, input)
const expand = (key: Uint8Array, info: Uint8Array, length: number): Uint8Array =>
  hkdfExpand(sha512, key, info, length)
const mac = (key: Uint8Array, message: Uint8Array): Uint8Array => hmac(sha512, key, message)
const lengthFirst = (bytes: Uint8Array): Uint8Array => concat(u16(bytes.length), bytes)
const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, i) => byte ^ b[i]!)
/** RFC 9497 §3.1: the mode without verification, and the suite. */
const hashToGroup = utf8("HashToGroup-OPRFV1-\0-ristretto255-SHA512")

/** §6.4.1.1 */
export function deriveKeys(seed: Uint8Array): KeyPair {
  return oprf.deriveKeyPair(seed, utf8("OPAQUE-DeriveDiffieHellmanKeyPair"))
}

function diffieHellman(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return Point.fromBytes(publicKey).multiply(Point.Fn.fromBytes(secretKey)).toBytes()
}

/** RFC 9497 §3.3.1. */
function blindPassword(password: Uint8Array, given?: Uint8Array): Secrets {
  const blind = given ?? oprf.blind(password).blind
  const point = ristretto255_hasher.hashToCurve(password, { DST: hashToGroup })
  return { blind, message: point.multiply(Point.Fn.fromBytes(blind)).toBytes() }
}

function evaluate(server: Server, credential: Uint8Array, blinded: Uint8Array): Uint8Array {
  const seed = expand(server.oprfSeed, concat(credential, utf8("OprfKey")), keyBytes)
  const { secretKey } = oprf.deriveKeyPair(seed, utf8("OPAQUE-DeriveKeyPair"))
  return oprf.blindEvaluate(secretKey, blinded)
}

function randomizedPassword(
  password: Uint8Array,
  blind: Uint8Array,
  evaluated: Uint8Array,
  stretch: Stretch,
): Uint8Array {
  const output = oprf.finalize(password, blind, evaluated)
  return extract(concat(output, stretch(output)))
}

/** §4.1.2 and §4.1.3: what both storing and recovering compute. */
function envelopeKeys(
  secret: Uint8Array,
  nonce: Uint8Array,
  serverKey: Uint8Array,
  identities: Identities,
): { readonly keys: KeyPair; readonly tag: Uint8Array; readonly exportKey: Uint8Array } {
  const derived = (label: string, length: number): Uint8Array =>
    expand(secret, concat(nonce, utf8(label)), length)
  const keys = deriveKeys(derived("PrivateKey", 32))
  const credentials = concat(
    serverKey,
    lengthFirst(identities.server ?? serverKey),
    lengthFirst(identities.client ?? keys.publicKey),
  )
  const tag = mac(derived("AuthKey", hashBytes), concat(nonce, credentials))
  return { keys, tag, exportKey: derived("ExportKey", hashBytes) }
}

/** §5.2.1 */
export function registrationRequest(password: Uint8Array, blind?: Uint8Array): Secrets {
  return blindPassword(password, blind)
}

/** §5.2.2 */
export function registrationResponse(
  server: Server,
  credential: Uint8Array,
  request: Uint8Array,
): Uint8Array {
  return concat(evaluate(server, credential, request), server.keys.publicKey)
}

/** §5.2.3 */
export function registrationRecord(
  password: Uint8Array,
  { blind }: Secrets,
  response: Uint8Array,
  identities: Identities,
  { stretch }: Suite,
  envelopeNonce?: Uint8Array,
): { readonly record: Uint8Array; readonly exportKey: Uint8Array } {
  const secret = randomizedPassword(password, blind, response.subarray(0, 32), stretch)
  const nonce = random(envelopeNonce)
  const stored = envelopeKeys(secret, nonce, response.subarray(32), identities)
  const maskingKey = expand(secret, utf8("MaskingKey"), hashBytes)
  const record = concat(stored.keys.publicKey, maskingKey, nonce, stored.tag)
  return { record, exportKey: stored.exportKey }
}

export interface ClientStart {
  readonly ke1: Uint8Array
  readonly blind: Uint8Array
  readonly keys: KeyPair
}

/** §6.2.1 */
export function generateKe1(
  password: Uint8Array,
  given: {
    readonly blind?: Uint8Array
    readonly nonce?: Uint8Array
    readonly seed?: Uint8Array
  } = {},
): ClientStart {
  const { blind, message } = blindPassword(password, given.blind)
  const keys = deriveKeys(random(given.seed))
  return { ke1: concat(message, random(given.nonce), keys.publicKey), blind, keys }
}

/** §6.4.2 */
function keySchedule(
  secrets: readonly Uint8Array[],
  context: Uint8Array,
  clientIdentity: Uint8Array,
  ke1: Uint8Array,
  serverIdentity: Uint8Array,
  ke2WithoutMac: Uint8Array,
): {
  readonly serverMac: Uint8Array
  readonly clientMac: Uint8Array
  readonly sessionKey: Uint8Array
} {
  const preamble = concat(
    utf8("OPAQUEv1-"),
    lengthFirst(context),
    lengthFirst(clientIdentity),
    ke1,
    lengthFirst(serverIdentity),
    ke2WithoutMac,
  )
  const transcript = sha512(preamble)
  const derived = (secret: Uint8Array, label: string, hashed: Uint8Array): Uint8Array => {
    const name = utf8(`OPAQUE-${label}`)
    const info = concat(u16(64), u8(name.length), name, u8(hashed.length), hashed)
    return expand(secret, info, 64)
  }
  const secret = extract(concat(...secrets))
  const handshake = derived(secret, "HandshakeSecret", transcript)
  const none = new Uint8Array(0)
  const serverMac = mac(derived(handshake, "ServerMAC", none), transcript)
  const clientMac = mac(derived(handshake, "ClientMAC", none), sha512(concat(preamble, serverMac)))
  return { serverMac, clientMac, sessionKey: derived(secret, "SessionKey", transcript) }
}

export interface ServerAnswer {
  readonly ke2: Uint8Array
  readonly expectedKe3: Uint8Array
  readonly sessionKey: Uint8Array
}

/** §6.2.2 */
export function generateKe2(
  server: Server,
  record: Uint8Array,
  credential: Uint8Array,
  ke1: Uint8Array,
  identities: Identities,
  { context }: Suite,
  given: {
    readonly maskingNonce?: Uint8Array
    readonly nonce?: Uint8Array
    readonly seed?: Uint8Array
  } = {},
): ServerAnswer {
  const [clientKey, maskingKey, envelope] = [[0, 32], [32, 96], [96]].map(([from, to]) =>
    record.subarray(from, to),
  ) as [Uint8Array, Uint8Array, Uint8Array]
  const maskingNonce = random(given.maskingNonce)
  const masked = xor(pad(maskingKey, maskingNonce), concat(server.keys.publicKey, envelope))
  const share = deriveKeys(random(given.seed))
  const head = concat(
    ...[evaluate(server, credential, ke1.subarray(0, 32)), maskingNonce, masked],
    ...[random(given.nonce), share.publicKey],
  )
  const clientShare = ke1.subarray(64)
  const secrets = [
    diffieHellman(share.secretKey, clientShare),
    diffieHellman(server.keys.secretKey, clientShare),
    diffieHellman(share.secretKey, clientKey),
  ]
  const own = identities.server ?? server.keys.publicKey
  const schedule = keySchedule(secrets, context, identities.client ?? clientKey, ke1, own, head)
  const { clientMac, serverMac, sessionKey } = schedule
  return { ke2: concat(head, serverMac), expectedKe3: clientMac, sessionKey }
}

function pad(maskingKey: Uint8Array, maskingNonce: Uint8Array): Uint8Array {
  const info = concat(maskingNonce, utf8("CredentialResponsePad"))
  return expand(maskingKey, info, keyBytes + envelopeBytes)
}

/** §6.2.3. @returns `null`: the password, or the server, is another */
export function generateKe3(
  password: Uint8Array,
  { blind, ke1, keys }: ClientStart,
  ke2: Uint8Array,
  identities: Identities,
  { context, stretch }: Suite,
): {
  readonly ke3: Uint8Array
  readonly sessionKey: Uint8Array
  readonly exportKey: Uint8Array
} | null {
  const secret = randomizedPassword(password, blind, ke2.subarray(0, 32), stretch)
  const maskingKey = expand(secret, utf8("MaskingKey"), hashBytes)
  const opened = xor(pad(maskingKey, ke2.subarray(32, 64)), ke2.subarray(64, 192))
  const serverKey = opened.subarray(0, 32)
  const recovered = envelopeKeys(secret, opened.subarray(32, 64), serverKey, identities)
  if (!sameBytes(recovered.tag, opened.subarray(64))) return null
  const share = ke2.subarray(224, 256)
  const secrets = [
    diffieHellman(keys.secretKey, share),
    diffieHellman(keys.secretKey, serverKey),
    diffieHellman(recovered.keys.secretKey, share),
  ]
  const own = identities.client ?? recovered.keys.publicKey
  const head = ke2.subarray(0, 256)
  const schedule = keySchedule(secrets, context, own, ke1, identities.server ?? serverKey, head)
  if (!sameBytes(schedule.serverMac, ke2.subarray(256))) return null
  const { clientMac, sessionKey } = schedule
  return { ke3: clientMac, sessionKey, exportKey: recovered.exportKey }
}
