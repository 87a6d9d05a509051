// A client, and what else the library has for one device. Says what came of it, as one line of JSON.
//   login-runtimes-client.mjs '{ "invitation": …, "folder": … }'
import { join } from "node:path"
import process from "node:process"
import { Identity, openTopic } from "stringphone"
import { hex } from "stringphone/bytes"
import { cryptoEngine } from "stringphone/crypto"
import { addContact } from "stringphone/identity"
import { openNodeKeyRing } from "stringphone/keyring/node"
import { login, openSession, register } from "stringphone/session/login"
import { openFileStore } from "stringphone/store/file"
import { createMemoryStore } from "stringphone/store/memory"
import { createMemoryNetwork } from "stringphone/transport/memory"

const { folder, invitation } = JSON.parse(process.argv[2])
const password = "correct horse battery staple"

/** At the full price, and with all of it in a file. */
async function loggedIn() {
  const open = () => openFileStore({ path: join(folder, "session.json") })
  const store = await open()
  const session = await register({ invitation, password, device: "Laptop", store })
  const large = "ä".repeat(300_000)
  const sealed = await session.fetch("/lamps/%2f?b=%20c'", { headers: { hue: "blue" } })
  const signed = await session.signedFetch("/lamps/ä?c", { method: "PUT", body: "on" })
  const put = [session.fetch, session.signedFetch].map(async (call) => {
    const answer = await call("/large", { method: "POST", body: large })
    return (await answer.json()).text === large
  })
  await session.refresh()
  const { status } = await session.fetch("/nothing")
  const { serverKey, session: id, url } = await session.status()
  await store.close()

  const again = await openSession({ store: await open() })
  const other = await login({
    ...{ url, login: "alice", password, device: "Phone", store: createMemoryStore() },
    confirm: (server) => String(server.serverKey) === String(serverKey),
  })
  const devices = (await again.devices()).map(({ device }) => device).sort()
  await other.revoke(id)
  const end = await again.signedFetch("/lamps").catch(({ code }) => code)
  return {
    ...{ sealed: [await sealed.json(), sealed.headers.get("hue")], signed: await signed.json() },
    ...{ isLargeWhole: await Promise.all(put), status, devices, end },
  }
}

/** Two devices are paired by a code, and one says something. */
async function talked() {
  const network = createMemoryNetwork()
  const open = (ownName, found) => {
    const identity = Identity.generate()
    const transport = network.connect(ownName)
    return openTopic({ store: createMemoryStore(), identity, transport, ownName, ...found })
  }
  const phone = await open("phone", { found: { name: "home" } })
  const lamp = await open("lamp")
  const pairing = await phone.openPairing({ code: "show" })
  const joining = await lamp.join({ code: pairing.code })
  const outcome = await joining.closed
  await phone.send("lamp on")
  const { value } = await lamp.messages[Symbol.asyncIterator]().next()
  await Promise.all([phone.close(), lamp.close()])
  return [outcome, value.text, value.status, value.from.contact.petname]
}

/** Made by Node, and sealed with a passphrase. */
async function keyRing() {
  const ring = await openNodeKeyRing({ directory: folder, passphrase: () => "tin can" })
  const { publicKey: carol } = Identity.generate()
  const trust = { state: "trusted", atMs: 1 }
  await ring.updateContacts((book) =>
    addContact(book, { petname: "Carol", publicKey: carol }, trust),
  )
  const contacts = (await ring.contacts()).map(({ petname }) => petname)
  const publicKey = hex(ring.identity.publicKey)
  await ring.close()
  return { contacts, publicKey }
}

const engine = cryptoEngine()
const said = { engine, login: await loggedIn(), topic: await talked(), keyRing: await keyRing() }
console.log(JSON.stringify(said))
process.exit()
