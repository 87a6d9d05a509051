// Addresses and mailboxes at rest: bytes written down by hand after spec/mailbox.md §3.1, and what shows no secret.
import { describe, expect, test } from "vitest"
import { base64url, concat, fromHex, UsageError } from "../../src/bytes/index.js"
import { labelled } from "../../src/crypto/index.js"
import { Identity } from "../../src/identity/index.js"
import { type Address, decodeAddress, Mailbox, readAddressText } from "../../src/mailbox/index.js"
import { addressText, encodeAddress } from "../../src/mailbox/wire/address.js"
import { acquainted, Writer } from "../scenario/mailbox-people.js"
import { errorName, flipped, secret, unlike, viewAtOffset } from "./fixtures.js"

const alice = new Identity(secret(1))
const kinds = [
  ["public", null],
  ["an invitation", new Uint8Array(16).fill(0x66)],
] as const

const factsOf = (
  inviteSecret: Uint8Array | null,
): Omit<Address, "identityKey" | "exchangeKey"> => ({
  prekey: secret(0x77),
  lastDay: 0x4e2a,
  secret: inviteSecret,
})

function outcome(run: () => unknown): string {
  try {
    run()
    return "read"
  } catch (error) {
    return error instanceof UsageError ? error.code : errorName(run)
  }
}

/** With a true signature, whatever it says. */
function signed(head: Uint8Array, rest: Uint8Array = new Uint8Array(0)): Uint8Array {
  return concat(head, alice.sign("mailbox address", head), rest)
}

describe.each(kinds)("an address, %s", (_, inviteSecret) => {
  const kind = inviteSecret ? "01" : "00"
  const head = concat(
    fromHex(`01${kind}`),
    ...[alice.publicKey, alice.exchangePublicKey, secret(0x77), fromHex("4e2a")],
  )
  const encoded = signed(head, inviteSecret ?? new Uint8Array(0))
  const address: Address = {
    ...factsOf(inviteSecret),
    identityKey: alice.publicKey,
    exchangeKey: alice.exchangePublicKey,
  }

  test("is as written down", () => {
    expect(encoded).toHaveLength(inviteSecret ? 180 : 164)
    expect(encodeAddress(factsOf(inviteSecret), alice)).toEqual(encoded)
    expect(decodeAddress(encoded)).toEqual(address)
    expect(decodeAddress(viewAtOffset(encoded))).toEqual(address)
    expect(addressText(encoded)).toBe(`stringphone:mail/${base64url(encoded)}`)
    expect(readAddressText(addressText(encoded))).toEqual(address)
  })

  test("is its own copy", () => {
    const given = encoded.slice()
    const read = decodeAddress(given)
    given.fill(0xff)
    expect(read).toEqual(address)
  })

  test("is read whole", () => {
    for (let length = 0; length < encoded.length; length++) {
      expect(outcome(() => decodeAddress(encoded.subarray(0, length)))).toBe("bad-address")
      const text = addressText(encoded.subarray(0, length))
      expect(outcome(() => readAddressText(text))).toBe("bad-address")
    }
    for (const byte of [0, 0x80, 0xff]) {
      const longer = concat(encoded, Uint8Array.of(byte))
      expect(outcome(() => decodeAddress(longer))).toBe("bad-address")
    }
  })

  test("with any bit flipped of what is signed, or of the signature, is none", () => {
    const wrong = unlike([0, 164], "bad-address", (bit) =>
      outcome(() => decodeAddress(flipped(encoded, bit))),
    )
    expect(wrong).toEqual([])
  })

  test("as text has one form", () => {
    const text = addressText(encoded)
    const changed = [
      ...[`${text}=`, `${text}A`, text.replace("mail/", "mail//"), text.toUpperCase()],
      ...[text.replace("stringphone", "Stringphone"), text.slice(17), `mail/${text.slice(17)}`],
      ...[`${text.slice(0, 40)} ${text.slice(40)}`, `${text.slice(0, 40)}\n${text.slice(40)}`],
      ...[text.replace("mail/", "mail/+"), `x${text}`, text.slice(0, -1)],
    ]
    expect(changed.map((one) => outcome(() => readAddressText(one)))).toEqual(
      changed.map(() => "bad-address"),
    )
    expect(readAddressText(`\n ${text}\r\n`)).toEqual(address)
  })

  test("with spare bits at its end is none", () => {
    const text = addressText(encoded)
    const alphabet = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    const read = alphabet.filter(
      (last) => outcome(() => readAddressText(text.slice(0, -1) + last)) === "read",
    )
    // No signature is over the secret: whoever alters it has another one, which opens nothing.
    expect(read).toEqual(inviteSecret ? alphabet : [text.at(-1)])
  })

  test("with another kind or version is none, also when that is signed", () => {
    const kept: string[] = []
    for (let byte = 0; byte < 256; byte++) {
      for (const place of [0, 1]) {
        const other = head.slice()
        other[place] = byte
        const rest = inviteSecret ?? new Uint8Array(0)
        if (outcome(() => decodeAddress(signed(other, rest))) === "read") {
          kept.push(`${place}: ${byte}`)
        }
      }
    }
    expect(kept.sort()).toEqual(["0: 1", `1: ${inviteSecret ? 1 : 0}`].sort())
  })
})

test("a signature for something else is none", () => {
  const encoded = encodeAddress(factsOf(null), alice)
  const head = encoded.subarray(0, 100)
  for (const purpose of ["mailbox mail", "identity card", "mailbox"]) {
    const other = concat(head, alice.sign(purpose, head))
    expect(outcome(() => decodeAddress(other))).toBe("bad-address")
  }
  const twice = concat(head, alice.sign("mailbox address", labelled("mailbox address", head)))
  expect(outcome(() => decodeAddress(twice))).toBe("bad-address")
  const bySomebody = concat(head, new Identity(secret(2)).sign("mailbox address", head))
  expect(outcome(() => decodeAddress(bySomebody))).toBe("bad-address")
})

test.each(["exchange key", "prekey"])("a %s that is none is read, but not written to", (which) => {
  const [owner, writer] = [new Identity(secret(1)), new Writer("writer")]
  const zeros = new Uint8Array(32)
  const exchangeKey = which === "prekey" ? owner.exchangePublicKey : zeros
  const prekey = which === "prekey" ? zeros : new Writer("x").identity.exchangePublicKey
  const head = concat(fromHex("0100"), owner.publicKey, exchangeKey, prekey, fromHex("ffff"))
  const text = addressText(signed(head))
  expect(readAddressText(text)).toMatchObject({ exchangeKey, prekey })
  expect(outcome(() => writer.write([text], "x"))).toBe("bad-address")
  expect(outcome(() => writer.write([text], "x", { authorship: "anonymous" }))).toBe(
    which === "prekey" ? "bad-address" : "read",
  )
  expect(writer.mailbox.pairs).toEqual([])
})

describe("a mailbox at rest", () => {
  const [bob, carol] = [new Writer("bob"), new Writer("carol")]
  acquainted(bob, carol)
  const saved = bob.mailbox.save()
  const codeOf = (bytes: Uint8Array): string => {
    try {
      Mailbox.restore(bytes, bob.identity, bob.random)
      return "restored"
    } catch (error) {
      return error instanceof Error && "code" in error ? String(error.code) : String(error)
    }
  }

  test("is the same after it was restored", () => {
    const again = Mailbox.restore(saved, bob.identity, bob.random)
    expect(again.save()).toEqual(saved)
    expect(again.tagCount).toBe(bob.mailbox.tagCount)
  })

  test("cut short, or of a later version, says so", () => {
    for (let length = 0; length < saved.length; length += 97) {
      expect(codeOf(saved.subarray(0, length))).toBe("mailbox-corrupt")
    }
    const text = new TextDecoder().decode(saved)
    const asBytes = (other: string): Uint8Array => new TextEncoder().encode(other)
    expect(codeOf(asBytes(text.replace('"version":1', '"version":2')))).toBe("mailbox-newer")
    for (const other of ["null", "1", "[]", "{}", '{"version":0}', '{"version":"1"}', "\xff"]) {
      expect(codeOf(asBytes(other))).toBe("mailbox-corrupt")
    }
  })
})
