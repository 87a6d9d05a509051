import { inspect } from "node:util"
import { expect, it } from "vitest"
import { hex, utf8 } from "../../src/bytes/index.js"
import { openKeyRing } from "../../src/keyring/index.js"
import { createMemoryStore } from "../../src/store/memory.js"

it.each(["sealed", "not sealed"])(
  "a ring, %s, shows no secret of its own or its data",
  async (kind) => {
    const ring = await openKeyRing({ store: createMemoryStore() })
    const { store } = ring
    const secret = Uint8Array.from({ length: 32 }, (_, i) => 200 + (i % 50))
    await store.commit({ writes: [{ key: "topic", value: secret }] })
    if (kind === "sealed") await ring.setPassphrase("tin can", { passes: 1, memoryKib: 8 })
    const shown = [ring, store, { ring, store }].flatMap(textsOf)
    // It would be seen if it were there.
    expect(textsOf({ secret })[0]).toContain(secret.join())
    const secrets = [secret, ring.identity.exportSeed(), utf8("tin can")]
    for (const form of secrets.flatMap(textsOf)) {
      for (const text of shown) expect(text).not.toContain(form)
    }
  },
)

/** Without white space and brackets, since these depend on what is around a value. */
function textsOf(value: object): readonly string[] {
  const all = inspect(value, { depth: 9, showHidden: true, maxArrayLength: null })
  const bytes = value instanceof Uint8Array ? [hex(value), value.join()] : [all]
  return [...bytes, JSON.stringify(value).slice(1, -1)].map((text) => text.replace(/\s+/g, ""))
}
