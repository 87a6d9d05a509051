import { ChannelError } from "../bytes/index.js"
import { type Callee, unreachable } from "./failure.js"

// Reason codes of MQTT 5 §2.4; those below 128 are the return codes of MQTT 3.1.1 §3.2.2.3.
const unacceptableVersion: readonly number[] = [1, 132]
const identifierRejected: readonly number[] = [2, 133]
const badLogin: readonly number[] = [4, 134, 140]
const notAuthorized: readonly number[] = [5, 135, 138]

/** Why a broker did not let us in, or did not answer. */
export function connectFailure(callee: Callee, cause: unknown): ChannelError {
  const code = reasonCode(cause)
  if (code === null) return unreachable(callee, cause)
  const refused = (why: string): ChannelError =>
    new ChannelError("refused", `The MQTT broker at ${callee.where} ${why}`, { cause })
  if (badLogin.includes(code)) {
    return refused("does not accept this user name and password. Check both.")
  }
  if (notAuthorized.includes(code)) {
    return refused("does not let us in. Pass a user name and password, or ask who runs it.")
  }
  if (identifierRejected.includes(code)) {
    return refused("does not accept this client id. Choose another, or leave it out.")
  }
  if (unacceptableVersion.includes(code)) {
    return refused("does not speak this version of MQTT. Leave `protocolVersion` out.")
  }
  return new ChannelError(
    "unreachable",
    `The MQTT broker at ${callee.where} answers, but does not let anyone in now. Try again later.`,
    { cause },
  )
}

/** Whether the older protocol is worth a try: the broker said so, or hung up without a word. */
export function speaksAnotherVersion(error: unknown): boolean {
  if (!(error instanceof ChannelError) || error.code === "aborted") return false
  const code = reasonCode(error.cause)
  return error.cause === undefined || (code !== null && unacceptableVersion.includes(code))
}

/** The broker let us in, but not on this topic. */
export function subscribeFailure(callee: Callee, topic: string, cause: unknown): ChannelError {
  return new ChannelError(
    "refused",
    `The MQTT broker at ${callee.where} does not let this user subscribe to ${topic}. Ask who runs it, or choose another topic.`,
    { cause },
  )
}

/** The broker did not take one message. */
export function publishFailure(callee: Callee, topic: string, cause: unknown): ChannelError {
  const code = reasonCode(cause)
  const why =
    code !== null && notAuthorized.includes(code)
      ? `does not let this user send to ${topic}. Ask who runs it, or choose another topic.`
      : "did not take the message. The cause says why."
  return new ChannelError("send-failed", `The MQTT broker at ${callee.where} ${why}`, { cause })
}

/** @returns the number with which the broker answered, or `null`: it did not. */
export function reasonCode(error: unknown): number | null {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined
  return typeof code === "number" ? code : null
}
