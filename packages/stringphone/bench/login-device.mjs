// A device of the benchmarks: machines alone, so that each message can be made before time counts, and looked at
// behind it.
import { randomBytes } from "stringphone/crypto"
import {
  ClientLogin,
  ClientRegistration,
  completeLane,
  isError,
  openAnswer,
  readInvitationText,
  requestLane,
  sealCall,
  signCall,
  verifyAnswer,
} from "stringphone/login"

export const base = "/.stringphone/login"
export const loginType = "application/stringphone-login"
export const cheap = { passes: 1, kib: 8, lanes: 1 }

const password = "correct horse battery staple"

/**
 * Registers by the invitation, and logs in.
 *
 * @param {string} text the invitation
 * @param {(bytes: Uint8Array) => Promise<Uint8Array>} post to base
 * @returns the generation, and the server's keys
 */
export async function loggedIn(text, login, post) {
  const invitation = readInvitationText(text)
  const registration = new ClientRegistration({ invitation, login, minimumPrice: cheap })
  const registering = await post(registration.start(password, { random: randomBytes }))
  registration.finish(await post(registration.record(registering, password)))
  const client = new ClientLogin({ login, minimumPrice: cheap })
  const challenge = await post(client.start(password))
  const welcome = await post(client.finish(challenge, password, { device: "bench" }))
  const generation = client.welcome(welcome).exportGeneration()
  return { generation, serverKeys: [invitation.serverKey] }
}

/** Asks for a lane. @returns what is to be sent, and what makes a lane of the answer */
export function askedLane(generation, serverKeys) {
  const request = requestLane(generation, randomBytes(16))
  const open = (answer) => {
    const result = completeLane(generation, request, answer, serverKeys)
    if ("error" in result) throw new Error(`There is no lane: ${result.error.name}.`)
    return result.lane
  }
  return { request, open }
}

/** @returns a signed call, and the check of its answer, which throws */
export function signedCall(lane, { fields, ...call }, serverKeys) {
  const key = lane.keys.requestSigningKey()
  const signed = signCall({ fields, ...call }, { id: lane.id, key }, lane.takeNumber())
  const keys = { lane: lane.keys.answerSigningKey(), server: serverKeys }
  const check = (answer) => {
    expectOk(answer.status)
    verifyAnswer(answer, signed.proof, keys)
  }
  return { fields: [...fields, ...signed.fields], check }
}

/** @returns a sealed call, and the check of its answer, which throws */
export function sealedCall(lane, { authority, body, fields, method, path, query }, serverKeys) {
  const request = { method, scheme: "http", authority, path: path + query, fields, content: body }
  const sent = sealCall(lane, request)
  const check = ({ body: answer }) => {
    if (isError(answer)) throw new Error("The sealed call was refused.")
    expectOk(openAnswer(sent, answer, serverKeys).response.status)
  }
  return { bytes: sent.bytes, check }
}

export function expectOk(status) {
  if (status !== 200) throw new Error(`The answer is ${status}.`)
}
