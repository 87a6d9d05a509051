import {
  type Challenge,
  ClientLogin,
  type ClientLoginOptions,
  decodeChallenge,
  type FinishOptions,
  isError,
  type LoggedIn,
  opaqueReady,
  readError,
} from "../../login/index.js"
import type { LoginChannel } from "./client-channel.js"
import { believed, toldError } from "./client-errors.js"
import type { LoginProgress } from "./client-types.js"

export interface HandshakeOptions extends ClientLoginOptions, FinishOptions {
  readonly password: string
  readonly onProgress?: ((step: LoginProgress) => void) | undefined
  /** Looks at what the server says it is, before anything is computed with the password. */
  readonly look?: (challenge: Challenge) => void | Promise<void>
}

/**
 * One login over a channel, spec/login.md §3; nothing is saved.
 *
 * @throws {PeerError} `not-proven`, `other-realm`, `other-server`, `weak-price`, `price-too-high`, `denied`,
 *   `slow-down`
 * @throws {ChannelError} `unreachable`, `unauthenticated-answer`
 */
export async function logInOver(
  channel: LoginChannel,
  { look, onProgress, password, ...options }: HandshakeOptions,
): Promise<LoggedIn> {
  await opaqueReady()
  const client = new ClientLogin(options)
  onProgress?.("asking")
  const start = client.start(password)
  const challengeBytes = await ask(channel, start, options.pinnedKeys ?? [])
  const challenge = believed(() => decodeChallenge(challengeBytes))
  await look?.(challenge)
  await shown(onProgress, "computing")
  const finish = client.finish(challengeBytes, password, options)
  onProgress?.("finishing")
  const welcome = await ask(channel, finish, [challenge.serverKey])
  return believed(() => client.welcome(welcome))
}

/** @throws {PeerError} what the server says instead, if a key is known that proves it */
export async function ask(
  channel: LoginChannel,
  request: Uint8Array,
  serverKeys: readonly Uint8Array[],
): Promise<Uint8Array> {
  const answer = await channel.post(request)
  if (!isError(answer)) return answer
  throw toldError(believed(() => readError(answer, request, { errorKeys: [], serverKeys })))
}

/** Argon2id holds up the page: what it shows is drawn before. */
export async function shown(
  onProgress: ((step: LoginProgress) => void) | undefined,
  step: LoginProgress,
): Promise<void> {
  if (!onProgress) return
  onProgress(step)
  await new Promise((resolve) => setTimeout(resolve))
}
