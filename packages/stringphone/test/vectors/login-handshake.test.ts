// Ours against vectors that a second implementation wrote from spec/login.md: all of a login and of a
// registration that is not OPAQUE's.
import { describe, expect, test } from "vitest"
import { base64url, fromBase64url, fromHex, hex } from "../../src/bytes/index.js"
import { exchange, exchangePublicKey } from "../../src/crypto/index.js"
import { Identity } from "../../src/identity/index.js"
import { box, openBox } from "../../src/login/box.js"
import {
  challengeTranscript,
  finishKey,
  finishTranscript,
  firstRoot,
  isKnownDeviceProof,
  knownDeviceProof,
  opaqueIdentities,
  welcomeKey,
} from "../../src/login/handshake-keys.js"
import {
  invitationId,
  invitationText,
  readInvitationText,
  takeLogin,
} from "../../src/login/index.js"
import { registrationKey } from "../../src/login/registration-keys.js"
import { decodeChallenge, encodeChallenge } from "../../src/login/wire/challenge.js"
import {
  decodeFinish,
  decodeFinishText,
  encodeFinish,
  encodeFinishText,
} from "../../src/login/wire/finish.js"
import {
  decodeRecordText,
  decodeRegisteredText,
  encodeRecordMessage,
  encodeRecordText,
  encodeRegistered,
  encodeRegisteredText,
  recordHead,
  registeredHead,
} from "../../src/login/wire/record.js"
import {
  decodeRegisteringText,
  decodeRegisterText,
  encodeRegister,
  encodeRegistering,
  encodeRegisteringText,
  encodeRegisterText,
  registerHead,
  registeringHead,
} from "../../src/login/wire/register.js"
import { decodeStart, encodeStart } from "../../src/login/wire/start.js"
import {
  decodeWelcome,
  decodeWelcomeText,
  encodeWelcome,
  encodeWelcomeText,
} from "../../src/login/wire/welcome.js"
import vectors from "./login.json" with { type: "json" }

test.each(vectors.names)("$typed is $login", ({ login, typed }) => {
  expect(takeLogin(typed)).toBe(login)
})

describe.each(vectors.logins)("a login: $name", (vector) => {
  const of = (field: keyof typeof vector): Uint8Array => fromHex(vector[field] as string)
  const [passes, kib, lanes] = vector.price as [number, number, number]
  const price = { passes, kib, lanes }
  const { login, realm } = vector
  const identity = new Identity(of("serverSeed"))
  const known = vector.knownKey === null ? null : { session: of("knownSession"), mac: knownMac() }
  const [sessionKey, t1, t2] = [of("sessionKey"), of("t1"), of("t2")]
  const finishText = {
    device: vector.finishText.device,
    scopes: vector.finishText.scopes ?? null,
    register: bytesOrNull(vector.finishText.register),
  }
  const welcome = vector.welcomeText

  function knownMac(): Uint8Array {
    return knownDeviceProof(of("knownKey"), of("ke1"))
  }

  test("its identities", () => {
    const terms = { realm, serverKey: of("serverKey"), price }
    expect(identity.publicKey).toEqual(terms.serverKey)
    expect(opaqueIdentities(login, terms)).toEqual(vector.identities)
  })

  test("its start", () => {
    const start = { ke1: of("ke1"), login, known }
    expect(hex(encodeStart(start))).toBe(vector.start)
    expect(decodeStart(of("start"))).toEqual(start)
    if (known) expect(isKnownDeviceProof(known.mac, of("knownKey"), of("ke1"))).toBe(true)
  })

  test("its challenge", () => {
    const serverKey = of("serverKey")
    const challenge = { attempt: of("attempt"), price, serverKey, realm, ke2: of("ke2") }
    expect(hex(encodeChallenge(challenge))).toBe(vector.challenge)
    expect(decodeChallenge(of("challenge"))).toEqual(challenge)
    expect(hex(challengeTranscript(of("start"), of("challenge")))).toBe(vector.t1)
  })

  test("its finish", () => {
    const key = finishKey(sessionKey, t1)
    expect(hex(key)).toBe(vector.finishKey)
    const sealed = box(key, 0, t1, encodeFinishText(finishText))
    const finish = encodeFinish({ attempt: of("attempt"), ke3: of("ke3"), sealed })
    expect(hex(finish)).toBe(vector.finish)
    const read = openBox(key, 0, t1, decodeFinish(of("finish")).sealed)
    expect(decodeFinishText(read!)).toEqual(finishText)
    expect(hex(finishTranscript(t1, of("finish")))).toBe(vector.t2)
  })

  test("its welcome, and its root", () => {
    const key = welcomeKey(sessionKey, t2)
    expect(hex(key)).toBe(vector.welcomeKey)
    const { accessSeconds, isOutdated, refreshSeconds, scopes } = welcome
    const text = {
      ...{ accessSeconds, isOutdated, refreshSeconds, scopes, price },
      session: fromBase64url(welcome.session),
      card: fromBase64url(welcome.card),
      register: bytesOrNull(welcome.register),
    }
    expect(base64url(identity.card())).toBe(welcome.card)
    expect(hex(encodeWelcome(box(key, 0, t2, encodeWelcomeText(text))))).toBe(vector.welcome)
    const read = openBox(key, 0, t2, decodeWelcome(of("welcome")))
    expect(decodeWelcomeText(read!)).toEqual(text)
    expect(hex(firstRoot(sessionKey, t2))).toBe(vector.root)
  })
})

describe.each(vectors.registrations)("a registration: $name", (vector) => {
  const of = (field: keyof typeof vector): Uint8Array => fromHex(vector[field] as string)
  const server = new Identity(of("serverSeed"))
  const code = of("code")
  const id = of("invitationId")
  const ephemeralKey = of("ephemeral")
  const price = { passes: 3, kib: 65_536, lanes: 4 }
  const keys = vector.keys.map((one) => fromHex(one))

  test("its invitation", () => {
    const { lastDay, login, realm, url } = vector
    const invitation = {
      serverKey: Uint8Array.from(server.publicKey),
      exchangeKey: Uint8Array.from(server.exchangePublicKey),
      ...{ code, lastDay, url, realm, login },
    }
    expect(invitationText(invitation)).toBe(vector.text)
    expect(readInvitationText(vector.text)).toEqual(invitation)
    expect(hex(invitationId(code))).toBe(vector.invitationId)
  })

  test("its keys, from both sides", () => {
    const secret = of("ephemeralSecret")
    expect(exchangePublicKey(secret)).toEqual(ephemeralKey)
    for (const shared of [server.exchange(ephemeralKey)!, exchange(secret, server.exchangePublicKey)!]) {
      const derived = ([0, 1, 2, 3] as const).map((step) =>
        hex(registrationKey(step, shared, code, ephemeralKey)),
      )
      expect(derived).toEqual(vector.keys)
    }
  })

  test("its messages", () => {
    const [login, request, response, record] = [
      ...([vector.asked, of("request"), of("response"), of("record")] as const),
    ]
    const texts = [
      encodeRegisterText({ login, request }),
      encodeRegisteringText({ response, price }),
      encodeRecordText(record),
      encodeRegisteredText(login),
    ]
    const heads = [registerHead(id, ephemeralKey), registeringHead, recordHead(id), registeredHead]
    const [first, second, third, fourth] = texts.map((text, i) => box(keys[i]!, 0, heads[i]!, text))
    expect([
      hex(encodeRegister({ invitation: id, ephemeralKey, sealed: first! })),
      hex(encodeRegistering(second!)),
      hex(encodeRecordMessage({ invitation: id, sealed: third! })),
      hex(encodeRegistered(fourth!)),
    ]).toEqual(vector.messages)
    expect(decodeRegisterText(texts[0]!)).toEqual({ login, request })
    expect(decodeRegisteringText(texts[1]!)).toEqual({ response, price })
    expect(decodeRecordText(texts[2]!)).toEqual(record)
    expect(decodeRegisteredText(texts[3]!)).toBe(login)
    const taken = box(keys[1]!, 0, registeringHead, encodeRegisteringText({ error: "login-taken" }))
    expect(hex(encodeRegistering(taken))).toBe(vector.taken)
  })
})

function bytesOrNull(text: string | undefined): Uint8Array | null {
  return text === undefined ? null : fromBase64url(text)
}
