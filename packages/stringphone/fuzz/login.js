// Invariant: any bytes give a value or a typed error; what decodes has one encoding; nobody logs in, registers
// or is welcomed by what no partner wrote; a login that is known and one that is not are answered alike.

/** In what is built. */
export const loginModules = [
  ...["bytes/index.js", "crypto/index.js", "identity/index.js", "login/index.js"],
  ...["invitation", "server-setup"].map((name) => `login/${name}.js`),
  ...["start", "challenge", "finish", "welcome", "register", "record"].map(
    (name) => `login/wire/${name}.js`,
  ),
]

export const cheap = { passes: 1, kib: 8, lanes: 1 }
export const password = "password"
const today = 20_000

/**
 * A server and its user. The random bytes of OPAQUE are its own: they are others in each run.
 * @param name whose other random bytes are not those of another name
 */
export function loginPeople(login, name) {
  const { ClientLogin, ClientRecord, Identity, ServerLogin, ServerRealm, ServerRegistration } =
    login
  const identity = new Identity(login.hash(login.utf8("server")))
  let counter = 0
  const random = (length) => {
    const blocks = Array.from({ length: Math.ceil(length / 32) }, () =>
      login.hash(login.utf8(`${name} ${counter++}`)),
    )
    return login.concat(...blocks).slice(0, length)
  }
  const setups = login.ServerSetups.create()
  const terms = { realm: "lamp.example", identity, setups, price: cheap, minimumPrice: cheap }
  const realm = new ServerRealm(terms)
  const change = new ClientRecord()
  const response = realm.answerRegistration(realm.offer, "alice", change.request(password))
  const recordTerms = realm.termsOf(realm.offer)
  const opaque = change.record(response, password, "alice", recordTerms, { minimum: cheap })
  const record = realm.takeRecord("alice", opaque, realm.offer)
  const client = () => new ClientLogin({ login: "alice", minimumPrice: cheap })
  const code = login.hash(login.utf8("code")).slice(0, 16)
  const invitation = {
    serverKey: identity.publicKey,
    exchangeKey: identity.exchangePublicKey,
    code,
    lastDay: today,
    url: "http://lamp.example",
    realm: "lamp.example",
    login: "",
  }
  return {
    ...{ realm, random, record, client, code, invitation, setups },
    server: new ServerLogin(realm),
    registration: new ServerRegistration(realm),
    invited: ServerRegistration.invitationState(code, today, ""),
    newcomer: () => new login.ClientRegistration({ invitation, login: "bob", minimumPrice: cheap }),
  }
}

/**
 * Also what the unit test checks.
 *
 * @param login all that `loginModules` export, after `opaqueReady()`
 * @param corpus registrations in it may begin, no others may
 * @returns a function that checks one input, and returns how it was read
 */
export function loginTarget(login, corpus) {
  const { ChannelError, PeerError, UsageError } = login
  const people = loginPeople(login, "target")
  const genuine = new Set(Object.values(corpus))
  const { client, invited, newcomer, random, record, registration, server } = people

  const wires = {
    start: [login.decodeStart, login.encodeStart],
    challenge: [login.decodeChallenge, login.encodeChallenge],
    finish: [login.decodeFinish, login.encodeFinish],
    welcome: [login.decodeWelcome, login.encodeWelcome],
    register: [login.decodeRegister, login.encodeRegister],
    registering: [login.decodeRegistering, login.encodeRegistering],
    record: [login.decodeRecordMessage, login.encodeRecordMessage],
    registered: [login.decodeRegistered, login.encodeRegistered],
    invitation: [login.decodeInvitation, login.encodeInvitation, UsageError],
    "record at rest": [login.decodeLoginRecord, login.encodeLoginRecord, ChannelError],
    setups: [login.ServerSetups.restore, (setups) => setups.save(), ChannelError],
  }
  const texts = {
    "finish's text": [login.decodeFinishText, login.encodeFinishText],
    "welcome's text": [login.decodeWelcomeText, login.encodeWelcomeText],
    "register's text": [login.decodeRegisterText, login.encodeRegisterText],
    "registering's text": [login.decodeRegisteringText, login.encodeRegisteringText],
    "record's text": [login.decodeRecordText, login.encodeRecordText],
    "registered's text": [login.decodeRegisteredText, login.encodeRegisteredText],
  }

  const waiting = begunLogin()
  const begun = begunRegistration()

  /** A client that waits for its welcome, and an attempt that waits for its finish. */
  function begunLogin() {
    const welcomed = client()
    const { answer, attempt } = server.challenge(welcomed.start(password), record, { random })
    welcomed.finish(answer, password, { device: "phone" })
    return { welcomed, attempt }
  }

  function begunRegistration() {
    const answered = newcomer()
    const recorded = newcomer()
    answered.start(password, { random })
    const opened = registration.open(recorded.start(password, { random }), invited, today)
    const { answer, state } = opened.answer(false)
    recorded.record(answer, password)
    return { answered, recorded, state }
  }

  function attempt(run, family = PeerError) {
    try {
      return { value: run() }
    } catch (error) {
      if (error instanceof family && typeof error.code === "string") return { code: error.code }
      throw new Error("it threw another error", { cause: error })
    }
  }

  function refused(run, what) {
    const { value, code } = attempt(run)
    if (code === undefined && value !== null) throw new Error(`it passes as ${what}`)
  }

  function checkChallenges(bytes) {
    const [known, unknown] = [record, null].map((one) =>
      attempt(() => server.challenge(bytes, one, { random })),
    )
    if (known.code !== unknown.code) throw new Error("a known login is told from an unknown one")
    if (known.code) return
    const { answer } = known.value
    if (answer.length !== unknown.value.answer.length) throw new Error("their answers differ")
    login.decodeChallenge(answer)
  }

  function checkStarted(bytes) {
    const started = client()
    started.start(password)
    refused(() => started.finish(bytes, password, { device: "phone" }), "a challenge")
  }

  return (bytes) => {
    const original = Uint8Array.from(bytes)
    const found = []
    for (const [name, [decode, encode, family]] of Object.entries(wires)) {
      const { code, value } = attempt(() => decode(bytes), family)
      if (code !== undefined) continue
      expectSame(encode(value), bytes, `the ${name}`)
      found.push(name)
    }
    for (const [name, [decode, encode]] of Object.entries(texts)) {
      const { code, value } = attempt(() => decode(fitted(bytes)))
      if (code !== undefined) continue
      const again = encode(value)
      expectSame(encode(decode(again)), again, `the ${name}`)
      found.push(name)
    }
    const text = login.fromUtf8(bytes)
    if (text !== null && attempt(() => login.readInvitationText(text), UsageError).value) {
      found.push("invitation's text")
    }
    if (found.includes("start")) checkChallenges(bytes)
    if (found.includes("challenge")) checkStarted(bytes)
    refused(() => server.finish(bytes, waiting.attempt), "a finish")
    refused(() => waiting.welcomed.welcome(bytes), "a welcome")
    const opened = attempt(() => registration.open(bytes, begun.state, today))
    if (opened.value && !genuine.has(login.hex(bytes))) throw new Error("it begins a registration")
    refused(() => registration.finish(bytes, begun.state, today), "a record")
    refused(() => begun.answered.record(bytes, password), "an answer to a registration")
    refused(() => begun.recorded.finish(bytes), "the end of a registration")
    expectSame(bytes, original, "the input")
    return found
  }
}

/** With spaces up to the next multiple of 256 bytes. */
function fitted(bytes) {
  const out = new Uint8Array(Math.max(1, Math.ceil(bytes.length / 256)) * 256).fill(0x20)
  out.set(bytes)
  return out
}

function expectSame(found, expected, what) {
  const isSame = found.length === expected.length && found.every((byte, i) => byte === expected[i])
  if (!isSame) throw new Error(`${what} is not the same any more`)
}
