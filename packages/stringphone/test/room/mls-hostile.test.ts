import { describe, expect, test } from "vitest"
import { PeerError, sameBytes, utf8 } from "../../src/bytes/index.js"
import { cryptoEngine } from "../../src/crypto/index.js"
import {
  apply,
  commit,
  encodeGroup,
  groupInfo,
  inspect,
  joinByExternalCommit,
  open,
  seal,
  type Group,
} from "../../src/room/mls/group.js"
import { maxMessageBytes } from "../../src/room/mls/wire.js"
import { accept, environment, groupOf, leaf, none } from "./mls-members.js"

/** The portable engine is some 20 times slower; it gets every so many of the changes. */
const stride = cryptoEngine() === "native" ? 1 : 41

type Receive = (bytes: Uint8Array) => Promise<unknown>

async function everything(): Promise<
  readonly { readonly kind: string; readonly bytes: Uint8Array; readonly receive: Receive }[]
> {
  const [alice, bob, carol] = (await groupOf("alice", "bob", "carol")) as [Group, Group, Group]
  const info = await groupInfo(carol)
  const join: Receive = (bytes) =>
    joinByExternalCommit(bytes, leaf("dave"), none, { check: accept }, environment)
  const unchanged =
    (work: Receive): Receive =>
    async (bytes) => {
      const before = encodeGroup(alice)
      try {
        return await work(bytes)
      } finally {
        expect(sameBytes(encodeGroup(alice), before)).toBe(true)
      }
    }
  const applied = unchanged((bytes) => apply(alice, bytes, accept))
  const entry = await joinByExternalCommit(
    info,
    leaf("dave"),
    utf8("grant"),
    { check: accept },
    environment,
  )
  return [
    {
      kind: "application message",
      bytes: (await seal(bob, utf8("hello"), utf8("data"))).message,
      receive: unchanged((bytes) => open(alice, bytes)),
    },
    {
      kind: "commit",
      bytes: (await commit(bob, { remove: [2], settings: utf8("new") }, utf8("why"))).message,
      receive: applied,
    },
    { kind: "external commit", bytes: entry.message, receive: applied },
    { kind: "group info", bytes: info, receive: join },
  ]
}

const timeout = 240_000

describe("hostile bytes", async () => {
  for (const { bytes, kind, receive } of await everything()) {
    test(`${kind}: cut anywhere`, { timeout }, async () => {
      for (let length = 0; length < bytes.length; length += stride) {
        await expect(receive(bytes.subarray(0, length))).rejects.toMatchObject({
          code: "malformed",
        })
      }
      await receive(bytes)
    })

    test(`${kind}: a byte too many`, async () => {
      const longer = Uint8Array.of(...bytes, 0)
      await expect(receive(longer)).rejects.toMatchObject({ code: "malformed" })
    })

    test(`${kind}: any bit flipped`, { timeout }, async () => {
      for (let bit = 0; bit < bytes.length * 8; bit += stride) {
        const wrong = Uint8Array.from(bytes)
        wrong[bit >> 3] = (wrong[bit >> 3] as number) ^ (1 << (bit & 7))
        const error: unknown = await receive(wrong).catch((caught: unknown) => caught)
        if (!(error instanceof PeerError))
          throw new Error(`bit ${bit} of a ${kind}`, { cause: error })
      }
      await receive(bytes)
    })
  }

  test("not MLS at all, or more than anybody sends", () => {
    for (const bytes of [none, utf8("hello"), new Uint8Array(300).fill(255), new Uint8Array(9)]) {
      expect(() => inspect(bytes)).toThrow(expect.objectContaining({ code: "malformed" }))
    }
    expect(() => inspect(new Uint8Array(maxMessageBytes + 1))).toThrow(/1048576/)
  })
})
