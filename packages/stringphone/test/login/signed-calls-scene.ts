import { expect } from "vitest"
import { base64url, PeerError, utf8 } from "../../src/bytes/index.js"
import { signingKeyPair } from "../../src/crypto/index.js"
import type { LoginErrorName } from "../../src/login/error-codes.js"
import {
  type Answer,
  type Call,
  type CallProof,
  errorAnswer,
  type Fields,
  readCallSignature,
  signAnswer,
  signCall,
  type SigningLane,
  signServerError,
  verifyCall,
  type VerifiedCall,
} from "../../src/login/signatures/index.js"

export const lane: SigningLane = { id: new Uint8Array(16).fill(7), key: new Uint8Array(32).fill(1) }
export const answerKey = new Uint8Array(32).fill(2)
export const server = signingKeyPair(new Uint8Array(32).fill(3))
export const keys = { lane: answerKey, server: [new Uint8Array(32).fill(9), server.publicKey] }

export const call: Call = {
  method: "POST",
  authority: "lamp.example:8080",
  path: "/lamps/1",
  query: "?fade=2&x=%20",
  fields: [
    ["content-type", "application/json"],
    ["accept", "application/json"],
    ["accept", "  */* "],
  ],
  body: utf8('{"on":true}'),
}
export const answer: Answer = {
  status: 200,
  fields: [
    ["content-type", "application/json"],
    ["cache-control", "no-store"],
  ],
  body: utf8('{"on":true,"since":1}'),
}
export const laneText = base64url(lane.id)

export function sent(
  call: Call,
  number = 1,
  by = lane,
): { readonly call: Call; readonly proof: CallProof } {
  const { fields, proof } = signCall(call, by, number)
  return { call: { ...call, fields: [...call.fields, ...fields] }, proof }
}

export function received(
  call: Call,
  key = lane.key,
  authorities?: ReadonlySet<string>,
): VerifiedCall {
  return verifyCall(call, readCallSignature(call.fields), key, authorities)
}

export function answered(to: CallProof, given: Answer = answer): Answer {
  return { ...given, fields: [...given.fields, ...signAnswer(given, to, answerKey)] }
}

export function failed(to: CallProof, name: LoginErrorName = "unknown-lane", by = server): Answer {
  const error = errorAnswer(name)
  return { ...error, fields: [...error.fields, ...signServerError(error, to, by)] }
}

/** The code of what it throws; anything but an error from the peer fails the test. */
export function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(PeerError)
    return (error as PeerError).code
  }
  return "none"
}

export function withField(fields: Fields, name: string, change: (value: string) => string): Fields {
  return fields.map(([found, value]) => [found, found === name ? change(value) : value])
}

export const without = (fields: Fields, name: string): Fields => fields.filter(([n]) => n !== name)
