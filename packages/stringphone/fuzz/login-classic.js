// Invariant: any text gives a value or a PeerError; what decodes has one form; nobody is logged in, and no
// call taken, but by what is genuine; what is refused changes nothing.

const codes = new Set([
  "malformed",
  "weak-challenge",
  "costly-challenge",
  "bad-exchange",
  "login-refused",
  "server-unproven",
  "unknown-token",
  "bad-signature",
  "replayed",
])
const { URLSearchParams } = globalThis
const acceptRisks = "classic-login"
const realm = "house.example"
const nowMs = 1_800_000_000_000
const cost = { passes: 1, memoryKib: 8 }
/** The work that a challenge asks for must not slow the fuzzer down. */
const bounds = { minSteps: 2, maxSteps: 3000, minMemoryKib: 8, maxMemoryKib: 16, maxPasses: 2 }

/** Also what the unit test checks; `login` is the module under test, inputs are UTF-8. */
export function loginClassicTarget(login, { PeerError }) {
  let count = 0
  const random = (length) => Uint8Array.from({ length }, () => (count = (count * 5 + 11) % 251))
  const user = { acceptRisks, realm, login: "alice", password: "correct horse", cost }
  const record = login.createClassicRecord(user, random)
  const options = { acceptRisks, realm, cost, secret: random(32), hasExchange: true }
  const context = { nowMs, random }

  function attempt(run) {
    try {
      return run()
    } catch (error) {
      if (error instanceof PeerError && codes.has(error.code)) return null
      throw error
    }
  }

  /** A server with an open challenge and a token, and both clients. */
  function scene() {
    const server = new login.ClassicLoginServer(options)
    const start = (hasExchange) => {
      const client = new login.ClassicLoginClient({ ...user, bounds, hasExchange })
      return { client, challenge: server.challenge(client.request(random), record, context) }
    }
    const done = start(true)
    const grant = server.prove(done.client.prove(done.challenge, user.password), context)
    return { server, session: done.client.accept(grant.text), ...start(false) }
  }

  const { server, session, client, challenge } = scene()
  // Proves to nobody, so its grants never come.
  const waiting = new login.ClassicLoginClient({ ...user, bounds })
  waiting.request(random)
  waiting.prove(challenge.replace(/m=\d+/, "m=2"), user.password)
  const proof = client.prove(challenge, user.password)
  const genuineCall = session.call({ do: "open" })

  return (bytes) => {
    const text = new TextDecoder().decode(bytes)
    const kept = String(server.save())
    const who = attempt(() => login.ClassicLoginServer.loginOf(text))
    const parsed = new URLSearchParams(text)
    if (who !== null && (parsed.get("user") !== who || parsed.toString() !== text)) {
      throw new Error("a request has two forms")
    }
    const found = who === "alice" ? record : null
    const answered = attempt(() => server.challenge(text, found, context))
    if (answered !== null && who === null) throw new Error("answered what is no request")
    const saved = attempt(() => login.ClassicRecord.fromText(text))
    if (saved && saved.toText() !== text) throw new Error("a record has two forms")
    const asked = new login.ClassicLoginClient({ ...user, bounds })
    asked.request(random)
    const proved = attempt(() => asked.prove(text, user.password))
    if (proved !== null && parsed.toString() !== text) throw new Error("a challenge has two forms")
    if (attempt(() => waiting.accept(text))) throw new Error("a false server was accepted")
    if (text !== proof && attempt(() => server.prove(text, context))) throw new Error("logged in")
    if (text !== genuineCall && attempt(() => server.call(text, nowMs))) throw new Error("forged")
    if (String(server.save()) !== kept) throw new Error("what was refused changed the server")
  }
}
