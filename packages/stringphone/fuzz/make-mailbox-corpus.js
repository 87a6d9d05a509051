// Writes the target's corpus anew, when the format changed: node fuzz/make-mailbox-corpus.js. Needs a build (tsc -b).
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { mailboxModules, mailboxPeople } from "./mailbox.js"

const today = 20_000
const built = (path) => import(new URL(`../dist/${path}`, import.meta.url).href)
const mailbox = Object.assign({}, ...(await Promise.all(mailboxModules.map(built))))
const { alice, bob, carol, dave, address, texts } = mailboxPeople(mailbox)

function content(from, name, changes = {}) {
  const { authorship = "deniable" } = changes
  const pair = from.mailbox.pairWith(bob.identity.publicKey)
  const all = {
    kind: "mail",
    messageId: mailbox.hash(mailbox.utf8(name)).slice(0, 16),
    writtenDay: today,
    authorship,
    introduction: pair?.first?.introduction ?? null,
    replyTo: null,
    wantsReceipt: false,
    senderKey: authorship === "anonymous" ? null : from.identity.publicKey,
    receiverKeys: [bob.identity.publicKey],
    text: name,
    files: [],
    ...changes,
  }
  const keys = all.receiverKeys.map(() => pair?.authorshipKey ?? new Uint8Array(32))
  return mailbox.proveContent(all, from.identity, keys)
}

const replyTo = new Uint8Array(16).fill(5)
const files = [
  { name: "a.txt", bytes: mailbox.utf8("text") },
  { name: "ü", bytes: new Uint8Array(0) },
]
const [publicAddress, invitation] = texts.map((text) =>
  mailbox.fromBase64url(text.slice("stringphone:mail/".length)),
)
const samples = {
  deniable: content(alice, "deniable"),
  signed: content(alice, "signed", { authorship: "signed" }),
  "to several": content(alice, "to several", {
    receiverKeys: [carol.identity.publicKey, bob.identity.publicKey],
  }),
  "with files": content(alice, "with files", { files, replyTo, wantsReceipt: true }),
  receipt: content(alice, "receipt", { kind: "receipt", replyTo }),
  nothing: content(alice, "nothing", { kind: "nothing" }),
  "by somebody else": content(dave, "by somebody else", { introduction: null }),
  "introduced, to the address": content(carol, "introduced, to the address"),
  "introduced, signed": content(carol, "introduced, signed", { authorship: "signed" }),
  "introduced, by invitation": content(dave, "introduced, by invitation"),
  anonymous: content(alice, "anonymous", { authorship: "anonymous", introduction: null }),
  "an envelope": alice.mailbox.write({ to: [bob.identity.publicKey], text: "envelope" }, today)
    .envelopes[0],
  "an anonymous envelope": dave.mailbox.write(
    { to: [address], text: "envelope", authorship: "anonymous" },
    today,
  ).envelopes[0],
  "an introducing envelope": carol.mailbox.write({ to: [bob.identity.publicKey], text: "c" }, today)
    .envelopes[0],
  "a public address": publicAddress,
  "an invitation": invitation,
  "what is signed of it": invitation.subarray(0, 164),
  "an address as text": mailbox.utf8(texts[0]),
  "an empty input": new Uint8Array(0),
}
const corpus = Object.fromEntries(
  Object.entries(samples).map(([name, bytes]) => [name, mailbox.hex(bytes)]),
)
const path = join(import.meta.dirname, "corpus", "mailbox.json")
writeFileSync(path, `${JSON.stringify(corpus, null, 2)}\n`)
