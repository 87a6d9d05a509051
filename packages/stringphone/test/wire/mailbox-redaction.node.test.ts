import { inspect } from "node:util"
import { expect, it } from "vitest"
import { hex, utf8 } from "../../src/bytes/index.js"
import { readAddressText } from "../../src/mailbox/index.js"
import { acquainted, Writer } from "../scenario/mailbox-people.js"

it("a mailbox shows no secret of its own", () => {
  const [alice, bob, carol] = [new Writer("alice"), new Writer("bob"), new Writer("carol")]
  acquainted(alice, bob)
  const invitation = alice.mailbox.invite(alice.today + 28)
  alice.mailbox.publicAddress(alice.today)
  const [opened] = bob.open(alice.write([bob], "for bob alone"))
  alice.write([carol.mailbox.invite(carol.today + 28)], "not answered")
  const { mailbox } = alice
  const shown = [mailbox, { mailbox }, [mailbox]].flatMap(textsOf)
  // They would be seen if they were there.
  expect(opened?.text).toBe("for bob alone")
  const secrets = secretsIn(mailbox.save())
  expect(secrets.length).toBeGreaterThan(20)
  const ring = alice.identity.exportSeed()
  const others = [readAddressText(invitation).secret!, ring, utf8("not answered")]
  for (const form of [...secrets, ...others].flatMap(formsOf)) {
    for (const text of shown) expect(text).not.toContain(form)
  }
  // Nothing but whether it is to search again.
  expect(Object.keys(mailbox)).toEqual(["hasNewTags"])
})

/** Whatever is saved as bytes: chains, authorship keys, prekeys, secrets of invitations. */
function secretsIn(saved: Uint8Array): readonly Uint8Array[] {
  const found = new TextDecoder().decode(saved).matchAll(/b64:([A-Za-z0-9_-]{16,})"/g)
  return [...found].map(([, text]) => new Uint8Array(Buffer.from(text!, "base64url")))
}

function formsOf(bytes: Uint8Array): readonly string[] {
  return [hex(bytes), bytes.join(), Buffer.from(bytes).toString("base64url")]
}

/** Without white space, since that depends on what is around a value. */
function textsOf(value: object): readonly string[] {
  const all = inspect(value, { depth: 9, showHidden: true, maxArrayLength: null })
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- what it shows is the question
  return [all, JSON.stringify(value), String(value)].map((text) => text.replace(/\s+/g, ""))
}
