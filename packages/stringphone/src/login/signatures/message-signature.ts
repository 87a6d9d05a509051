import { PeerError, UsageError, utf8 } from "../../bytes/index.js"
import { authenticate, equal, sign, verify } from "../../crypto/index.js"
import { componentValue } from "./components.js"
import type { Fields, Message } from "./message.js"
import {
  type BareItem,
  type InnerList,
  type Item,
  parseDictionary,
  parseItem,
} from "./structured-fields.js"
import { innerListText, itemText } from "./structured-text.js"

/** The parameters of RFC 9421 §2.3, in the order in which they stand there; no others are taken. */
export interface SignatureParameters {
  readonly created?: number
  readonly expires?: number
  readonly nonce?: string
  readonly alg?: string
  readonly keyid?: string
  readonly tag?: string
}

export type MessageSigningKey =
  | { readonly alg: "hmac-sha256"; readonly key: Uint8Array }
  /** 64 bytes, seed ‖ public key. */
  | { readonly alg: "ed25519"; readonly secretKey: Uint8Array }

export type MessageVerifyingKey =
  | { readonly alg: "hmac-sha256"; readonly key: Uint8Array }
  | { readonly alg: "ed25519"; readonly publicKey: Uint8Array }

export interface MessageSignature {
  readonly label: string
  readonly input: InnerList
  readonly parameters: SignatureParameters
  readonly signature: Uint8Array
}

const maxFieldCharacters = 16_384
const maxSignatures = 16
const parameterTypes = {
  created: "integer",
  expires: "integer",
  nonce: "string",
  alg: "string",
  keyid: "string",
  tag: "string",
} as const

/**
 * What is signed. RFC 9421 §2.5
 *
 * @throws {PeerError} a component is covered twice (`malformed`), or as `componentValue` says
 */
export function signatureBase(message: Message, input: InnerList): string {
  const covered = new Set<string>()
  let text = ""
  for (const component of input.items) {
    const identity = identityOf(component)
    if (covered.has(identity)) throw malformed(`${identity} is covered twice`)
    covered.add(identity)
    text += `${itemText(component)}: ${componentValue(message, component)}\n`
  }
  return `${text}"@signature-params": ${innerListText(input)}`
}

/** The order of a component's parameters makes it no other component. */
function identityOf({ value, parameters }: Item): string {
  const sorted = new Map([...parameters].sort(([a], [b]) => (a < b ? -1 : 1)))
  return itemText({ value, parameters: sorted })
}

/**
 * The fields `signature-input` and `signature` of one signature.
 *
 * @param components as they stand in the field: `@method`, `date`, `"signature";req;key="sig1"`
 * @throws {UsageError} `bad-signature-parameter`
 * @throws {PeerError} as {@link signatureBase} does
 */
export function signMessage(
  message: Message,
  label: string,
  components: readonly string[],
  parameters: SignatureParameters,
  key: MessageSigningKey,
): Fields {
  const given = Object.entries(parameters) as [string, string | number][]
  const input: InnerList = {
    items: components.map((text) => parseItem(text.startsWith('"') ? text : `"${text}"`)),
    parameters: new Map(given.map(([name, value]) => [name, bare(value)])),
  }
  const base = utf8(signatureBase(message, input))
  const signature = key.alg === "ed25519" ? sign(base, key.secretKey) : authenticate(base, key.key)
  const item: Item = { value: { type: "bytes", value: signature }, parameters: new Map() }
  return [
    ["signature-input", `${label}=${innerListText(input)}`],
    ["signature", `${label}=${itemText(item)}`],
  ]
}

function bare(value: string | number): BareItem {
  const isFit = typeof value === "number" ? Number.isInteger(value) : !/[^ -~]/.test(value)
  if (!isFit) {
    throw new UsageError(
      "bad-signature-parameter",
      "A parameter of a signature is ASCII text or a whole number.",
    )
  }
  return typeof value === "number" ? { type: "integer", value } : { type: "string", value }
}

/**
 * All signatures of a message.
 * @throws {PeerError} `malformed`: also when one has an input alone, or unknown parameters
 */
export function readSignatures(fields: Fields): readonly MessageSignature[] {
  const inputs = dictionaryOf(fields, "signature-input")
  const signatures = dictionaryOf(fields, "signature")
  if (inputs.size !== signatures.size) throw malformed("not each signature has an input")
  return [...inputs].map(([label, input]) => {
    const signature = signatures.get(label)
    if (!signature || !("value" in signature) || signature.value.type !== "bytes") {
      throw malformed(`${label} has no signature`)
    }
    if (!("items" in input)) throw malformed(`${label} covers nothing`)
    const parameters = parametersOf(input)
    return { label, input, parameters, signature: signature.value.value }
  })
}

function dictionaryOf(fields: Fields, name: string): ReturnType<typeof parseDictionary> {
  const text = fields
    .filter(([found]) => found === name)
    .map(([, value]) => value)
    .join(", ")
  if (text.length > maxFieldCharacters) throw malformed("a field is too long")
  const members = parseDictionary(text)
  if (members.size > maxSignatures) throw malformed("there are too many")
  return members
}

function parametersOf({ parameters }: InnerList): SignatureParameters {
  for (const [name, { type }] of parameters) {
    const expected = Object.hasOwn(parameterTypes, name)
      ? parameterTypes[name as keyof typeof parameterTypes]
      : null
    if (type !== expected) throw malformed(`its parameter ${name} is unknown, or none of that name`)
  }
  return Object.fromEntries([...parameters].map(([name, { value }]) => [name, value]))
}

/**
 * The signature alone: what has to be covered, how old it may be and whether it came before is for the
 * caller to say.
 *
 * @throws {PeerError} `bad-signature`, or as {@link signatureBase} does
 */
export function checkSignature(
  message: Message,
  { input, parameters, signature }: MessageSignature,
  key: MessageVerifyingKey,
): void {
  const base = utf8(signatureBase(message, input))
  const hasRightAlgorithm = parameters.alg === undefined || parameters.alg === key.alg
  const isRight =
    key.alg === "ed25519"
      ? signature.length === 64 && verify(signature, base, key.publicKey)
      : equal(signature, authenticate(base, key.key))
  if (!isRight || !hasRightAlgorithm) throw badSignature()
}

export function badSignature(): PeerError {
  return new PeerError(
    "bad-signature",
    "The signature is wrong: the message was changed on the way, or its sender has another key.",
  )
}

function malformed(problem: string): PeerError {
  return new PeerError("malformed", `Malformed signature: ${problem}.`)
}
