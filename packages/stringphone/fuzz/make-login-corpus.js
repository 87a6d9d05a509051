// Writes the target's corpus anew, when the format changed: node fuzz/make-login-corpus.js. Needs a build (tsc -b).
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { loginModules, loginPeople, password } from "./login.js"

const built = (path) => import(new URL(`../dist/${path}`, import.meta.url).href)
const login = Object.assign({}, ...(await Promise.all(loginModules.map(built))))
await login.opaqueReady()
const people = loginPeople(login, "corpus")
const { client, invitation, invited, newcomer, random, realm, record, registration, server } =
  people

const session = login.hash(login.utf8("session")).slice(0, 16)
const change = new login.ClientRecord().request(password)
const whole = { device: "Alice's phone", scopes: ["lamps", "a/b"], register: change }
const terms = { session, scopes: ["lamps"], accessSeconds: 3600, refreshSeconds: 86_400 }

const alice = client()
const start = alice.start(password)
const { answer: challenge, attempt } = server.challenge(start, record, { random })
const finish = alice.finish(challenge, password, whole)
const welcome = server.finish(finish, attempt).sealWelcome(terms)
const knownSession = { session, key: login.hash(login.utf8("key")) }
const known = new login.ClientLogin({ login: "zoë", knownSession })

const bob = newcomer()
const register = bob.start(password, { random })
const opened = registration.open(register, invited, 20_000)
const registering = opened.answer(false)
const recordMessage = bob.record(registering.answer, password)
const registered = registration.finish(recordMessage, registering.state, 20_000).answer

const response = realm.answerRegistration(realm.offer, "alice", change)
const welcomeText = {
  ...terms,
  card: realm.identity.card(),
  isOutdated: true,
  price: realm.price,
  register: response,
}
const samples = {
  start,
  "start of a known device": known.start(password),
  ...{ challenge, finish, welcome, register, registering: registering.answer },
  ...{ record: recordMessage, registered },
  "finish's text": login.encodeFinishText(whole),
  "welcome's text": login.encodeWelcomeText(welcomeText),
  "register's text": login.encodeRegisterText({ login: "bob", request: change }),
  "registering's text": login.encodeRegisteringText({ response, price: realm.price }),
  "a taken login's text": login.encodeRegisteringText({ error: "login-taken" }),
  "record's text": login.encodeRecordText(record.opaque),
  "registered's text": login.encodeRegisteredText("bob"),
  invitation: login.encodeInvitation(invitation),
  "invitation's text": login.utf8(login.invitationText({ ...invitation, login: "bob" })),
  "record at rest": login.encodeLoginRecord(record),
  setups: people.setups.save(),
  "an empty input": new Uint8Array(0),
}
const written = Object.fromEntries(
  Object.entries(samples).map(([name, bytes]) => [name, login.hex(bytes)]),
)
writeFileSync(
  join(import.meta.dirname, "corpus", "login.json"),
  `${JSON.stringify(written, null, 2)}\n`,
)
