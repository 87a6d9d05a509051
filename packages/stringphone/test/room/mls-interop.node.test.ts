// The other member runs the MLS library on its own providers: WebCrypto and @hpke/core.
import { chacha20poly1305 } from "@noble/ciphers/chacha.js"
import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core"
import { createApplicationMessage } from "ts-mls/createMessage.js"
import { createCommit, joinGroupExternal } from "ts-mls/createCommit.js"
import { makeHashImpl } from "ts-mls/crypto/implementation/default/makeHashImpl.js"
import { makeKdf, makeKdfImpl } from "ts-mls/crypto/implementation/default/makeKdfImpl.js"
import { makeNobleSignatureImpl } from "ts-mls/crypto/implementation/default/makeNobleSignatureImpl.js"
import { defaultRng } from "ts-mls/crypto/implementation/default/rng.js"
import { makeGenericHpke } from "ts-mls/crypto/implementation/hpke.js"
import { generateKeyPackage } from "ts-mls/keyPackage.js"
import { decodeMlsMessage, encodeMlsMessage } from "ts-mls/message.js"
import { processMessage } from "ts-mls/processMessages.js"
import { expect, test } from "vitest"
import { utf8 } from "../../src/bytes/index.js"
import {
  apply,
  commit,
  exportSecret,
  groupInfo,
  joinByExternalCommit,
  open,
  seal,
} from "../../src/room/mls/group.js"
import { suiteName, suiteOn } from "../../src/room/mls/provider.js"
import { capabilities, configFor } from "../../src/room/mls/state.js"
import {
  createGroupInfoWithExternalPubAndRatchetTree,
  defaultLifetime,
  emptyPskIndex,
  mlsExporter,
  type CiphersuiteImpl,
  type ClientState,
} from "../../src/room/mls/ts-mls.js"
import { randomBytes } from "../../src/crypto/index.js"
import { accept, environment, groupOf, leaf, none } from "./mls-members.js"

/** Its cipher needs a package of its own; this says the same in fewer lines. */
const cipher = {
  id: 3,
  keySize: 32,
  nonceSize: 12,
  tagSize: 16,
  createEncryptionContext(key: ArrayBuffer) {
    const on = (iv: ArrayBuffer, aad: ArrayBuffer) =>
      chacha20poly1305(new Uint8Array(key), new Uint8Array(iv), new Uint8Array(aad))
    return {
      seal: async (iv: ArrayBuffer, data: ArrayBuffer, aad: ArrayBuffer) =>
        Uint8Array.from(on(iv, aad).encrypt(new Uint8Array(data))).buffer,
      open: async (iv: ArrayBuffer, data: ArrayBuffer, aad: ArrayBuffer) =>
        Uint8Array.from(on(iv, aad).decrypt(new Uint8Array(data))).buffer,
    }
  },
}

async function theirSuite(): Promise<CiphersuiteImpl> {
  const kem = new DhkemX25519HkdfSha256()
  const kdf = new HkdfSha256()
  const hpke = await makeGenericHpke(
    { kem: "DHKEM-X25519-HKDF-SHA256", kdf: "HKDF-SHA256", aead: "CHACHA20POLY1305" },
    {
      encrypt: async (key, nonce, aad, data) => chacha20poly1305(key, nonce, aad).encrypt(data),
      decrypt: async (key, nonce, aad, data) => chacha20poly1305(key, nonce, aad).decrypt(data),
    },
    new CipherSuite({ kem, kdf, aead: cipher as never }),
  )
  return {
    name: suiteName,
    rng: defaultRng,
    hash: makeHashImpl(crypto.subtle, "SHA-256"),
    kdf: makeKdfImpl(makeKdf("HKDF-SHA256")),
    signature: await makeNobleSignatureImpl("Ed25519"),
    hpke,
  }
}

const decoded = (bytes: Uint8Array) => {
  const found = decodeMlsMessage(bytes, 0)?.[0]
  if (found === undefined) throw new Error("not a message")
  return found
}

test("HPKE, both directions", async () => {
  const theirs = (await theirSuite()).hpke
  const ours = suiteOn(randomBytes).hpke
  const [info, aad, secret] = [utf8("info"), utf8("aad"), randomBytes(32)]
  for (const [from, to] of [
    [theirs, ours],
    [ours, theirs],
  ] as const) {
    const { privateKey, publicKey } = await to.deriveKeyPair(secret)
    const known = await from.importPublicKey(await to.exportPublicKey(publicKey))
    const { ct, enc } = await from.seal(known, utf8("hello"), info, aad)
    expect(await to.open(privateKey, enc, ct, info, aad)).toEqual(utf8("hello"))
    const sent = await from.exportSecret(known, utf8("context"), 32, info)
    const got = await to.importSecret(privateKey, utf8("context"), sent.enc, 32, info)
    expect(got).toEqual(sent.secret)
  }
})

test("a room of ours and theirs", async () => {
  const suite = await theirSuite()
  const config = configFor(environment)
  let [alice, bob, carol] = await groupOf("alice", "bob", "carol")
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error("not three")

  // They join ours.
  const credential = { credentialType: "basic" as const, identity: utf8("theirs") }
  const package_ = await generateKeyPackage(credential, capabilities, defaultLifetime, [], suite)
  const info = decoded(await groupInfo(bob))
  if (info.wireformat !== "mls_group_info") throw new Error("not a group info")
  const entry = await joinGroupExternal(
    info.groupInfo,
    package_.publicPackage,
    package_.privatePackage,
    false,
    suite,
    undefined,
    config,
    utf8("let me in"),
  )
  const joining = encodeMlsMessage({
    version: "mls10",
    wireformat: "mls_public_message",
    publicMessage: entry.publicMessage,
  })
  let theirs: ClientState = entry.newState
  ;[alice, bob, carol] = [
    await apply(alice, joining, accept),
    await apply(bob, joining, accept),
    await apply(carol, joining, accept),
  ]
  const agreed = () => expect(theirs.keySchedule.epochAuthenticator).toEqual(alice?.authenticator)
  agreed()
  const take = async (bytes: Uint8Array) => {
    const message = decoded(bytes)
    if (message.wireformat !== "mls_private_message" && message.wireformat !== "mls_public_message")
      throw new Error("not for members")
    const result = await processMessage(message, theirs, emptyPskIndex, () => "accept", suite)
    theirs = result.newState
    return result.kind === "applicationMessage" ? result.message : null
  }

  // Messages both ways, and the exporter.
  const said = await seal(bob, utf8("hello"), utf8("data"))
  expect(await take(said.message)).toEqual(utf8("hello"))
  const answer = await createApplicationMessage(theirs, utf8("hi"), suite, utf8("their data"))
  theirs = answer.newState
  const bytes = encodeMlsMessage({
    version: "mls10",
    wireformat: "mls_private_message",
    privateMessage: answer.privateMessage,
  })
  const opened = await open(alice, bytes)
  expect([opened.payload, opened.associatedData, opened.sender]).toEqual([
    utf8("hi"),
    utf8("their data"),
    3,
  ])
  const exported = await exportSecret(alice, "label", utf8("context"), 40)
  const { exporterSecret } = theirs.keySchedule
  expect(await mlsExporter(exporterSecret, "label", utf8("context"), 40, suite)).toEqual(exported)

  // Our commit with everything, taken by them; theirs, taken by us.
  const ours = await commit(alice, { remove: [1], settings: utf8("new") }, none)
  await take(ours.message)
  carol = await apply(carol, ours.message, accept)
  alice = ours.group
  agreed()
  const remove = { proposalType: "remove" as const, remove: { removed: 2 } }
  const made = await createCommit(
    { state: theirs, cipherSuite: suite },
    { extraProposals: [remove] },
  )
  theirs = made.newState
  const commitBytes = encodeMlsMessage(made.commit)
  expect((await apply(carol, commitBytes, accept)).isRemoved).toBe(true)
  alice = await apply(alice, commitBytes, accept)
  agreed()

  // We join through their description, and everybody goes on.
  const theirInfo = await createGroupInfoWithExternalPubAndRatchetTree(theirs, [], suite)
  const infoBytes = encodeMlsMessage({
    version: "mls10",
    wireformat: "mls_group_info",
    groupInfo: theirInfo,
  })
  const dave = await joinByExternalCommit(
    infoBytes,
    leaf("dave"),
    none,
    { check: accept },
    environment,
  )
  await take(dave.message)
  alice = await apply(alice, dave.message, accept)
  agreed()
  expect(dave.group.authenticator).toEqual(alice.authenticator)
})
