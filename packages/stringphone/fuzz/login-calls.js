// Invariant: any bytes give a value or a PeerError; what decodes has one encoding; nothing opens, changes a session, or
// is believed but what was truly made; what is refused changes nothing; in what a call says is nothing that breaks a line.

const nowMs = 1_700_000_000_000

/** In what is built. */
export const loginCallsModules = [
  ...["bytes/index.js", "crypto/index.js", "identity/index.js", "login/binary-http/index.js"],
  ...[
    "client-lane",
    "client-refresh",
    "error-proof",
    "generation-keys",
    "lane-opening",
    "lane-window",
  ].map((name) => `login/${name}.js`),
  ...["sealed-calls", "server-generations", "session-record"].map((name) => `login/${name}.js`),
  ...[
    "call-number",
    "error",
    "lane",
    "open-lane",
    "refresh",
    "refreshed",
    "sealed-call",
    "session-terms",
  ].map((name) => `login/wire/${name}.js`),
]

const request = {
  method: "POST",
  scheme: "http",
  authority: "lamp.example",
  path: "/lamps/7?on=1",
  fields: [["content-type", "text/plain"]],
}
const scopes = ["lamp:read", "lamp:switch"]

/**
 * The same session each time: a lane is open, and a refresh is under way.
 *
 * @param login all that `loginCallsModules` export
 */
export function loginCallsScene(login) {
  const { hash, Identity, utf8 } = login
  const named = (name, length) => hash(utf8(`login calls ${name}`)).slice(0, length)
  const server = new Identity(named("server", 32))
  const generation = { session: named("session", 16), generation: 3, root: named("root", 32) }
  const terms = { accessSeconds: 3_600, refreshSeconds: 7_776_000 }
  const record = { ...login.newSession(generation, scopes, terms, nowMs), generation: 3 }
  const found = { record, retired: null }
  const openingRequest = login.requestLane(generation, named("client random", 16))
  const laneCircumstances = { nowMs, server, newLane: named("lane", 16) }
  const opening = login.openLane(found, [], openingRequest, laneCircumstances)
  const completed = login.completeLane(generation, openingRequest, opening.answer, [])
  const session = login.beginRefresh({ ...generation, pending: null }, named("ephemeral", 32))
  const realm = "lamp.example"
  const refreshCircumstances = {
    nowMs,
    realm,
    server,
    signer: server,
    ephemeralSecret: named("server's ephemeral", 32),
    userScopes: scopes,
  }
  const { pending } = session
  const refreshed = login.refreshSession(found, pending.request, refreshCircumstances)
  const content = utf8("brighter")
  const sent = login.sealCall(completed.lane, { ...request, content })
  const serverLane = () => ({ keys: opening.opened.keys, window: new login.LaneWindow() })
  const response = { status: 200, fields: [["x", "y"]], content: utf8("it is bright") }
  const answer = login.sealAnswer(login.openCall(serverLane(), sent.bytes, true), response)
  const window = new login.LaneWindow()
  for (const number of [1, 2, 5, 300]) window.use(number)
  const key = login.errorKey(generation)
  const samples = {
    "open lane": openingRequest,
    lane: opening.answer,
    refresh: pending.request,
    refreshed: refreshed.answer,
    "an error with a mac": login.errorAnswer(pending.request, "expired", key),
    "an error with a signature": login.errorAnswer(sent.bytes, "unknown-lane", server, 7),
    "an error about a call that was not read": login.unreadCallAnswer(sent.bytes, server),
    "an error without a proof": login.encodeError({
      name: "revoked",
      seconds: 0,
      proof: { kind: "none" },
    }),
    "a sealed call": sent.bytes,
    "a sealed answer": answer,
    "a binary request": login.encodeBinaryRequest({ ...request, content }),
    "a binary response": login.encodeBinaryResponse(response),
    "a binary request with padding": login.concat(
      login.encodeBinaryRequest({ ...request, fields: [], content: new Uint8Array(0) }),
      new Uint8Array(9),
    ),
    "an interim response": login.fromHex("0140660040c8"),
    "a response after two others": login.fromHex("014066004067040161016240c800026869"),
    "terms of a session": login.encodeSessionTerms({ ...terms, scopes, card: server.card() }),
    "a window": window.save(),
    "an empty input": new Uint8Array(0),
  }
  const circumstances = { laneCircumstances, refreshCircumstances }
  const people = { found, generation, realm, server, session, sent, serverLane, openingRequest }
  return { ...people, ...circumstances, samples }
}

/**
 * Also what the unit test checks.
 *
 * @param corpus what in it is genuine may open, nothing else may
 * @returns a function that checks one input, and returns how it was read
 */
export function loginCallsTarget(login, corpus) {
  const { concat, hex, PeerError } = login
  const scene = loginCallsScene(login)
  const { found, generation, openingRequest, realm, sent, server, session } = scene
  const genuine = new Set(Object.values(corpus))
  const serverKeys = [server.publicKey]

  function attempt(run) {
    try {
      return { value: run() }
    } catch (error) {
      if (error instanceof PeerError && typeof error.code === "string") return { code: error.code }
      throw new Error("it threw another error", { cause: error })
    }
  }

  /** Everything that has one encoding. */
  const formats = {
    error: [login.decodeError, login.encodeError],
    refreshed: [login.decodeRefreshed, login.encodeRefreshed],
    "sealed call": [login.decodeSealedCall, login.encodeSealedCall],
    "sealed answer": [login.decodeSealedAnswer, login.encodeSealedAnswer],
    "open lane": [
      login.decodeOpenLane,
      (one) =>
        concat(Uint8Array.of(5), one.session, login.u32(one.generation), one.clientRandom, one.mac),
    ],
    lane: [login.decodeLane, (one) => concat(Uint8Array.of(6), one.lane, one.mac)],
    refresh: [
      login.decodeRefresh,
      (one) =>
        concat(Uint8Array.of(7), one.session, login.u32(one.generation), one.ephemeralKey, one.mac),
    ],
    window: [login.LaneWindow.restore, (one) => one.save()],
  }

  function checkFormats(bytes, read) {
    for (const [name, [decode, encode]] of Object.entries(formats)) {
      const { value } = attempt(() => decode(bytes))
      if (value === undefined) continue
      expectSame(encode(value), bytes, name)
      read.push(name)
    }
    const { value: terms } = attempt(() => login.decodeSessionTerms(bytes))
    if (!terms) return
    const again = login.decodeSessionTerms(login.encodeSessionTerms(terms))
    if (JSON.stringify(again) !== JSON.stringify(terms)) throw new Error("other terms")
    read.push("terms")
  }

  function checkBinary(bytes, read) {
    for (const kind of ["Request", "Response"]) {
      const { value } = attempt(() => login[`decodeBinary${kind}`](bytes))
      if (!value) continue
      // Shorter ways to say the same are as good: what is read is what counts.
      const encoded = login[`encodeBinary${kind}`](value)
      const again = login[`decodeBinary${kind}`](encoded)
      const text = (one) => JSON.stringify({ ...one, content: hex(one.content) })
      if (text(again) !== text(value)) throw new Error("another message")
      const { content: _, ...head } = value
      const strings = [head.method, head.authority, head.path, ...head.fields.flat()]
      if (strings.some((one) => /[\r\n\0]/.test(one ?? ""))) throw new Error("a line is broken")
      read.push(kind.toLowerCase())
    }
  }

  function checkServer(bytes, read) {
    const steps = {
      opened: attempt(() => login.openLane(found, [], bytes, scene.laneCircumstances)),
      offered: attempt(() => login.refreshSession(found, bytes, scene.refreshCircumstances)),
    }
    for (const [event, { value: step }] of Object.entries(steps)) {
      if (!step) continue
      if (step.event === event && !genuine.has(hex(bytes))) throw new Error(`forged: ${event}`)
      if (step.event === "refused" && step.record !== found.record) throw new Error("changed")
      if (step.event !== event && step.event !== "refused") throw new Error(step.event)
      read.push(step.event)
    }
    const lane = scene.serverLane()
    const before = lane.window.save()
    const call = attempt(() => login.openCall(lane, bytes, true))
    if (call.value && !genuine.has(hex(bytes))) throw new Error("a forged call")
    if (call.code) expectSame(lane.window.save(), before, "the window")
    if (call.value) read.push("call")
  }

  function checkClient(bytes, read) {
    const tries = {
      "lane by answer": () => login.completeLane(generation, openingRequest, bytes, serverKeys),
      "next generation": () => login.completeRefresh(session, bytes, { realm, serverKeys }),
      answer: () => login.openAnswer(sent, bytes, serverKeys),
    }
    for (const [name, run] of Object.entries(tries)) {
      const { value } = attempt(run)
      if (!value) continue
      if (!genuine.has(hex(bytes))) throw new Error(`forged: ${name}`)
      read.push("error" in value ? `${name}: ${value.error.name}` : name)
    }
  }

  /** What a client of somebody else's making seals. */
  function checkSealed(bytes) {
    const lane = scene.serverLane()
    const head = login.sealedCallHead(sent.lane.id, 9)
    const box = lane.keys.sealRequest(9, head, bytes)
    const call = attempt(() => login.openCall(lane, concat(head, box), true))
    const { value } = attempt(() => login.decodeBinaryRequest(bytes))
    if ((call.value === undefined) !== (value === undefined)) throw new Error("half a request")
    if (lane.window.stateOf(9) !== "used") throw new Error("its number is not used")
  }

  return (bytes) => {
    const original = Uint8Array.from(bytes)
    const read = []
    checkFormats(bytes, read)
    checkBinary(bytes, read)
    checkServer(bytes, read)
    checkClient(bytes, read)
    checkSealed(bytes)
    expectSame(bytes, original, "the input")
    return read
  }
}

function expectSame(found, expected, what) {
  const isSame = found.length === expected.length && found.every((byte, i) => byte === expected[i])
  if (!isSame) throw new Error(`${what} is not the same any more`)
}
