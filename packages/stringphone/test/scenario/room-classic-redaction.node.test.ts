// No key of a room or an identity in anything that is shown, logged or printed.
import { inspect } from "node:util"
import { expect, test } from "vitest"
import { base64url, hex } from "../../src/bytes/index.js"
import { withKnownKeys } from "./room-attack.js"
import { Stage } from "./room-classic-people.js"

test("a room, its status, events and messages show no secret", async () => {
  const stage = new Stage()
  const { alice, bob, carol, keys } = await withKnownKeys(stage)
  await bob.room.say("hello")
  await carol.room.introduce("alice")
  stage.server.inject({ from: "x", to: null, text: "?VLA,1,1!0000" })
  await alice.room.say("x\n").catch((error: unknown) => alice.events.push(error as never))
  await stage.settle()
  const shown = [alice, bob, carol].flatMap(({ room, events, messages }) => [
    inspect(room, { depth: 12, showHidden: true, maxArrayLength: null }),
    ...[room, room.status, events, messages].map((value) => JSON.stringify(value)),
    inspect([room.status, events, messages], { depth: 12, maxArrayLength: null }),
  ])
  expect(keys.length).toBeGreaterThanOrEqual(2)
  const secrets = [...keys, ...[alice, bob, carol].map(({ identity }) => identity.exportSeed())]
  const squeezed = shown.map((text) => text.replace(/\s+/g, ""))
  for (const secret of secrets) {
    const start = secret.slice(0, 12)
    for (const form of [hex(start), start.join(), base64url(start)]) {
      for (const text of squeezed) expect(text).not.toContain(form)
    }
  }
  // A public key is there, so a secret would be found.
  expect(squeezed.some((text) => text.includes(bob.identity.publicKey.slice(0, 12).join()))).toBe(
    true,
  )
})
