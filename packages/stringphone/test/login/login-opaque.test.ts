// What is around the library of OPAQUE: lengths, points, and that it was waited for.
import { expect, test } from "vitest"
import {
  answerOpaqueLogin,
  answerOpaqueRegistration,
  createOpaqueSetup,
  finishOpaqueLogin,
  finishOpaqueRegistration,
  opaqueBytes,
  opaqueReady,
  startOpaqueLogin,
  startOpaqueRegistration,
  verifyOpaqueLogin,
} from "../../src/login/opaque.js"
import { cheap, codeOf, password } from "./login-scene.js"

const names = { client: "alice", server: "lamp.example" }
const zeros = (length: number): Uint8Array => new Uint8Array(length)

test("a second wait changes nothing", async () => {
  await opaqueReady()
  expect(createOpaqueSetup()).toHaveLength(opaqueBytes.setup)
})

test("everything has its length, whichever way it came", () => {
  const setup = createOpaqueSetup()
  const registering = startOpaqueRegistration(password)
  const response = answerOpaqueRegistration(setup, "alice", registering.message)
  const finish = (bytes: Uint8Array): Uint8Array =>
    finishOpaqueRegistration(registering.state, password, bytes, names, cheap)
  const record = finish(response)
  const { message: ke1, state } = startOpaqueLogin(password)
  const answer = answerOpaqueLogin(setup, record, ke1, names)
  const login = (bytes: Uint8Array) => finishOpaqueLogin(state, password, bytes, names, cheap)
  const { ke3, sessionKey } = login(answer.ke2)!
  expect(verifyOpaqueLogin(answer.state, ke3, names)).toEqual(sessionKey)
  const found = { response, record, ke1, ke2: answer.ke2, ke3, sessionKey, state: answer.state }
  expect(Object.values(found).map((one) => one.length)).toEqual([64, 192, 96, 320, 64, 64, 128])

  const takers: readonly (readonly [Uint8Array, (bytes: Uint8Array) => unknown])[] = [
    [setup, (bytes) => answerOpaqueRegistration(bytes, "alice", registering.message)],
    [registering.message, (bytes) => answerOpaqueRegistration(setup, "alice", bytes)],
    [response, finish],
    [setup, (bytes) => answerOpaqueLogin(bytes, record, ke1, names)],
    [record, (bytes) => answerOpaqueLogin(setup, bytes, ke1, names)],
    [ke1, (bytes) => answerOpaqueLogin(setup, record, bytes, names)],
    [answer.ke2, login],
    [answer.state, (bytes) => verifyOpaqueLogin(bytes, ke3, names)],
    [ke3, (bytes) => verifyOpaqueLogin(answer.state, bytes, names)],
  ]
  for (const [right, take] of takers) {
    const wrong = [zeros(0), right.subarray(1), zeros(right.length + 1), zeros(right.length + 3)]
    for (const bytes of wrong) expect(codeOf(() => take(bytes))).toBe("malformed")
    const longer = zeros(right.length + 3)
    longer.set(right)
    expect(codeOf(() => take(longer))).toBe("malformed")
    expect(codeOf(() => take(right))).toBe("none")
  }
  for (const points of [zeros, (length: number) => zeros(length).fill(0xff)]) {
    expect(codeOf(() => answerOpaqueRegistration(setup, "alice", points(32)))).toBe("malformed")
    expect(codeOf(() => finish(points(64)))).toBe("malformed")
    expect(codeOf(() => answerOpaqueLogin(setup, record, points(96), names))).toBe("malformed")
    expect(codeOf(() => answerOpaqueLogin(setup, points(192), ke1, names))).toBe("malformed")
    expect(login(points(320))).toBeNull()
    expect(verifyOpaqueLogin(answer.state, points(64), names)).toBeNull()
  }
  // As when there is not enough memory: the slow hash fails, and not what the server sent.
  const impossible = { passes: 1, kib: 4, lanes: 1 }
  const failed = () => finishOpaqueLogin(state, password, answer.ke2, names, impossible)
  expect(codeOf(failed)).toBe("no-memory")
  const second = () =>
    finishOpaqueRegistration(registering.state, password, response, names, impossible)
  expect(codeOf(second)).toBe("no-memory")
})
