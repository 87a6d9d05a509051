// No password and no key in anything that is shown, logged or printed.
import { inspect } from "node:util"
import { expect, test } from "vitest"
import { base64url, decodeJson, hex } from "../../src/bytes/index.js"
import { decodeRecord } from "../../src/login/classic/wire/record.js"
import { clientOf, House, logIn, password } from "./login-classic-fixtures.js"
import { seededRandom } from "./mailbox-classic-fixtures.js"

test("clients, servers, records and sessions show no secret, nor do errors", () => {
  const house = new House({ hasExchange: true })
  const record = house.register("alice")
  const { session } = logIn(house, "alice", password, { hasExchange: true })
  const client = clientOf("alice", { hasExchange: true })
  const drawn: Uint8Array[] = []
  const random = seededRandom("shown")
  const request = client.request((length) => {
    // Kept apart: the client overwrites its own.
    const bytes = random(length)
    drawn.push(bytes.slice())
    return bytes
  })
  const asked = textsOf(client)
  const errors = ["", "m=1", house.challenge(request).replace(/m=\d+/, "m=2")].map((challenge) => {
    try {
      return client.prove(challenge, password)
    } catch (error) {
      return error as object
    }
  })
  client.prove(house.challenge(request), password)
  const values = [client, house.server, record, session, { record }, [session], ...errors]
  const shown = [...asked, ...values.flatMap((value) => textsOf(value as object))]
  const { tokenKey } = decodeJson(session.save()) as { readonly tokenKey: Uint8Array }
  const secrets = [tokenKey, decodeRecord(record.toText()).key, drawn[1]!, house.options.secret]
  const forms = secrets.flatMap((secret) => {
    const start = secret.slice(0, 12)
    return [hex(start), start.join(), base64url(start)]
  })
  for (const form of [password, ...forms]) {
    for (const text of shown) expect(text).not.toContain(form)
  }
  // What may be seen is seen, so a secret would be.
  expect(shown.some((text) => text.includes(session.token))).toBe(true)
  expect(Object.keys(client)).toEqual([])
  expect(Object.keys(house.server)).toEqual([])
})

/** Without white space, since that depends on what is around a value. */
function textsOf(value: object): readonly string[] {
  const all = inspect(value, { depth: 9, showHidden: true, maxArrayLength: null })
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- what it shows is the question
  return [all, JSON.stringify(value), String(value)].map((text) => text.replace(/\s+/g, ""))
}
