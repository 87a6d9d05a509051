// What a small device needs for our logins: its program, its primitives, and the classic login.
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest"
import { PeerError } from "../../src/bytes/index.js"
import boxes from "../vectors/crypto/chacha20poly1305-rfc8439.json" with { type: "json" }
import signatures from "../vectors/crypto/ed25519-rfc8032.json" with { type: "json" }
import derivations from "../vectors/crypto/hkdf-rfc5869.json" with { type: "json" }
import exchanges from "../vectors/crypto/x25519-rfc7748.json" with { type: "json" }
import longBoxes from "../vectors/crypto/xchacha20poly1305-draft03.json" with { type: "json" }
import { House, password, realm } from "../wire/login-classic-fixtures.js"
import { Device, requireBarePython, type Told } from "./login-device-scene.js"

const hasPython = requireBarePython("the small device's login")

test("the program has less than 400 lines, and imports Python's own library alone", async () => {
  const program = await readFile(join(import.meta.dirname, "login_device.py"), "utf8")
  const lines = program.split("\n")
  expect(lines.length).toBeLessThan(400)
  expect(lines.filter((line) => /^\s*(?:import|from)\b/.test(line))).toEqual([
    "import base64, hashlib, hmac, http.client, json, os, pathlib, re, struct, unicodedata, urllib.parse",
  ])
})

describe.skipIf(!hasPython)("what the device computes", () => {
  const device = hasPython ? new Device() : null
  afterAll(() => device?.stop())
  const compute = async (what: string, parts: object): Promise<unknown> => {
    const told = await device!.ask({ do: what, ...parts })
    return "ok" in told ? told.ok : told
  }

  test("Argon2id: RFC 9106 §5.3", async () => {
    const texts = { password: "01".repeat(32), salt: "02".repeat(16) }
    const more = { secret: "03".repeat(8), data: "04".repeat(12) }
    const cost = { passes: 3, kib: 32, lanes: 4, size: 32 }
    expect(await compute("argon2id", { ...texts, ...more, ...cost })).toBe(
      "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659",
    )
  })

  test("X25519: RFC 7748 §5.2", async () => {
    for (const { scalar, u, result } of exchanges.scalarMultiplication) {
      expect(await compute("x25519", { key: scalar, point: u })).toBe(result)
    }
  })

  test("HKDF: the first 32 bytes of RFC 5869 A.1 to A.3", async () => {
    for (const { secret, salt, info, okm } of derivations.vectors) {
      expect(await compute("derive", { secret, salt, info })).toBe(okm.slice(0, 64))
    }
  })

  test.each([
    ["open_box", boxes],
    ["open_long_nonce_box", longBoxes],
  ])("%s: the RFC's example opens, and no changed one", async (what, vector) => {
    const { associatedData, ciphertext, key, nonce, plaintext, tag } = vector
    const parts = { key, nonce, aad: associatedData, sealed: ciphertext + tag }
    expect(await compute(what, parts)).toBe(plaintext)
    for (const changed of [
      { key: flip(key) },
      { nonce: flip(nonce) },
      { aad: flip(associatedData) },
      { sealed: flip(ciphertext) + tag },
      { sealed: ciphertext + flip(tag) },
      { sealed: "" },
    ]) {
      expect(await compute(what, { ...parts, ...changed })).toBe(null)
    }
  })

  test("Ed25519: RFC 8032 §7.1 is right, and nothing that was changed", async () => {
    for (const { message, publicKey, signature } of signatures.vectors) {
      const parts = { key: publicKey, message, signature }
      expect(await compute("is_ed25519", parts)).toBe(true)
      for (const changed of [
        { key: flip(publicKey) },
        { message: `${message}00` },
        { signature: flip(signature) },
        { signature: signature.slice(0, 64) + flip(signature.slice(64)) },
        { signature: "" },
      ]) {
        expect(await compute("is_ed25519", { ...parts, ...changed })).toBe(false)
      }
    }
  })
})

describe.skipIf(!hasPython)("classic login of the device", () => {
  const device = hasPython ? new Device() : null
  afterAll(() => device?.stop())
  let house = new House()
  let folder = ""
  let onAnswer = (answer: string): string => answer
  const heard: string[] = []
  const server = createServer((incoming, outgoing) => {
    void text(incoming).then((message) => {
      heard.push(message)
      try {
        outgoing.end(onAnswer(answer(message)))
      } catch (error) {
        if (!(error instanceof PeerError)) throw error
        outgoing.writeHead(403).end(error.code)
      }
    })
  })

  function answer(message: string): string {
    if (message.includes("&token=")) {
      const { args, login, number } = house.call(message)
      return JSON.stringify({ login, number, args: [...args] })
    }
    return message.includes("&sign=") ? house.prove(message).text : house.challenge(message)
  }

  beforeEach(async () => {
    heard.splice(0)
    onAnswer = (one) => one
    folder = await mkdtemp(join(tmpdir(), "login-device-"))
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  })
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve))
    await rm(folder, { recursive: true })
  })

  const bounds = { m: [1001, 1_048_576], passes: [1, 16], kib: [8, 1_048_576] }
  const ask = (what: string, parts: object): Promise<Told> => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/login`
    return device!.ask({ do: what, url, file: join(folder, "classic.json"), ...parts })
  }
  const logIn = (parts: object = {}): Promise<Told> =>
    ask("classic-login", { realm, login: "alice", password, bounds, exchange: false, ...parts })
  const call = (args: readonly (readonly [string, string])[]): Promise<Told> =>
    ask("classic-call", { args })
  const done: Told = { ok: null }

  test.each([false, true])("logs in and calls, with an exchange: %s", async (exchange) => {
    house = new House({ hasExchange: exchange })
    house.register("é a+~*", "ﬁve 漢")
    expect(await logIn({ login: "e\u0301 a+~*", password: "five 漢", exchange })).toEqual(done)
    expect(heard.map((one) => one.includes("&dh="))).toEqual([exchange, false])
    for (const number of [1, 2]) {
      const args: [string, string][] = [
        ["do", "open ~ * é"],
        ["door", ""],
      ]
      const told = await call(args)
      expect(JSON.parse((told as { ok: string }).ok)).toEqual({ login: "é a+~*", number, args })
    }
  })

  test("a wrong password, a weak or costly challenge, an exchange taken out: no session", async () => {
    house = new House()
    house.register("alice")
    const told = async (parts: object) => ((await logIn(parts)) as { error: string }).error
    expect(await told({ password: "wrong" })).toBe("not proven: login-refused")
    const sent = heard.length
    expect(await told({ bounds: { ...bounds, kib: [8192, 1_048_576] } })).toBe("weak-challenge")
    expect(await told({ bounds: { ...bounds, m: [2, 1000] } })).toBe("costly-challenge")
    expect(await told({ exchange: true })).toBe("bad-exchange")
    onAnswer = (one) => one.replace("&passes=1&", "&passes=01&")
    expect(await told({})).toBe("malformed")
    // One request each: nothing was made of the password.
    expect(heard.length - sent).toBe(4)
    onAnswer = (one) => (one.startsWith("token=") ? flip(one) : one)
    expect(await told({})).toBe("server-unproven")
    await expect(readFile(join(folder, "classic.json"))).rejects.toThrow("ENOENT")
  })

  test("a call is taken once, and only as it was signed", async () => {
    house = new House()
    house.register("alice")
    expect(await logIn()).toEqual(done)
    expect(await call([["do", "open"]])).toHaveProperty("ok")
    const sent = heard.at(-1)!
    const codeOf = (text: string): string => {
      try {
        return answer(text)
      } catch (error) {
        return (error as PeerError).code
      }
    }
    expect(codeOf(sent)).toBe("replayed")
    expect(codeOf(sent.replace("seq=1", "seq=2"))).toBe("bad-signature")
    expect(codeOf(sent.replace("do=open", "do=shut"))).toBe("bad-signature")
    expect(codeOf(flip(sent))).toBe("bad-signature")
  })
})

/** The same with another last digit. */
function flip(text: string): string {
  return text.slice(0, -1) + (text.endsWith("0") ? "1" : "0")
}
