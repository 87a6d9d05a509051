import { type Command, Option } from "commander"
import { fromHex, UsageError } from "stringphone/bytes"
import {
  addContact,
  type Contact,
  type ContactBook,
  contactByKey,
  decideTrust,
  openCardText,
  removeContact,
  renameContact,
  resolveContact,
  trustOf,
  type TrustState,
  type VerifiedBy,
} from "stringphone/identity"
import type { Context } from "../context.js"
import { matchingForm, reportKey, trustText } from "../person.js"
import { askLine } from "../terminal/ask.js"
import { visible } from "../terminal/escape.js"
import { examples, run } from "./shape.js"

export function addContactsCommand(parent: Command): void {
  const contacts = parent.command("contacts").description("whom you know, by names that you chose")
  examples(contacts, [
    "contacts list",
    "contacts add bob stringphone:card/AX…",
    "contacts verify bob",
  ])

  const list = contacts
    .command("list")
    .description("all contacts, and how far each is trusted")
    .action(run((context) => printList(context)))
  examples(list, ["contacts list", "contacts list --json"])

  const show = contacts
    .command("show <name>")
    .description("one contact: key, fingerprint, and every decision about it")
    .action(run((context, name: string) => printOne(context, name)))
  examples(show, ["contacts show bob", "contacts show 3fa94c01"])

  const add = contacts
    .command("add <name> <card-or-key>")
    .description("add a contact from its card or its public key in hexadecimal")
    .addOption(
      new Option("--verified <how>", "you compared it already, by a means that you trust").choices([
        "words",
        "digits",
        "hex",
        "card",
      ]),
    )
    .action(
      run((context, name: string, text: string, options: { verified?: VerifiedBy }) =>
        addOne(context, name, text, options.verified),
      ),
    )
  examples(add, [
    "contacts add bob stringphone:card/AX…",
    "contacts add bob 9a3c…64 digits… --verified hex",
  ])

  const rename = contacts
    .command("rename <name> <new-name>")
    .description("change your name for a contact")
    .action(
      run((context, name: string, newName: string) =>
        change(context, name, (book, { publicKey }) => renameContact(book, publicKey, newName)),
      ),
    )
  examples(rename, ["contacts rename bob 'Bob from work'"])

  const trust = contacts
    .command("trust <name>")
    .description("trust a contact without having compared anything")
    .action(run((context, name: string) => decide(context, name, "trusted")))
  examples(trust, ["contacts trust bob"])

  const verify = contacts
    .command("verify <name>")
    .description("type the words, digits or hex that the other side shows; trusted if they match")
    .action(run((context, name: string) => verifyOne(context, name)))
  examples(verify, ["contacts verify bob", "contacts verify bob < words-by-telephone.txt"])

  const revoke = contacts
    .command("revoke <name>")
    .description("never trust this key again")
    .action(run((context, name: string) => decide(context, name, "revoked")))
  examples(revoke, ["contacts revoke bob"])

  const remove = contacts
    .command("remove <name>")
    .description("forget a contact, and all decisions about it")
    .action(
      run((context, name: string) =>
        change(context, name, (book, { publicKey }) => removeContact(book, publicKey)),
      ),
    )
  examples(remove, ["contacts remove bob"])
}

function reportContact(contact: Contact): unknown {
  const { state, by, atMs } = trustOf(contact)
  return {
    petname: contact.petname,
    trust: state,
    ...(by && { verifiedBy: by }),
    decidedAt: new Date(atMs).toISOString(),
    ...reportKey(contact.publicKey),
  }
}

async function printList(context: Context): Promise<void> {
  await context.withRing(async (ring) => {
    const book = await ring.contacts()
    if (book.length === 0 && !context.json) {
      context.print(`No contacts yet. Add one: ${context.command} contacts add NAME CARD`, null)
      return
    }
    const lines = book.map((contact) => {
      const { words } = reportKey(contact.publicKey)
      return `${badge(context, contact)} ${context.paint.bold(visible(contact.petname))}, ${trustText(contact)}\n    ${words}`
    })
    context.print(lines.join("\n"), { contacts: book.map(reportContact) })
  })
}

async function printOne(context: Context, name: string): Promise<void> {
  await context.withRing(async (ring) => {
    const contact = resolveContact(await ring.contacts(), name)
    const { publicKey, words, digits, hex } = reportKey(contact.publicKey)
    const text = [
      `${badge(context, contact)} ${context.paint.bold(visible(contact.petname))}, ${trustText(contact)}`,
      "",
      `  words   ${words}`,
      `  digits  ${digits}`,
      `  hex     ${hex}`,
      "",
      `public key  ${publicKey}`,
      ...contact.decisions.map(({ state, by, atMs }) => {
        const how = by === undefined ? "" : ` by ${by}`
        return `${new Date(atMs).toISOString()}  ${state}${how}`
      }),
    ]
    const decisions = contact.decisions.map(({ state, by, atMs }) => ({
      state,
      ...(by && { by }),
      at: new Date(atMs).toISOString(),
    }))
    context.print(text.join("\n"), { ...(reportContact(contact) as object), decisions })
  })
}

async function addOne(
  context: Context,
  petname: string,
  text: string,
  verified: VerifiedBy | undefined,
): Promise<void> {
  const keys = readCardOrKey(text)
  await context.withRing(async (ring) => {
    const atMs = Date.now()
    const book = await ring.updateContacts((before) =>
      addContact(
        before,
        { petname, ...keys },
        verified ? { state: "verified", atMs, by: verified } : { state: "unknown", atMs },
      ),
    )
    printChanged(context, book.at(-1) ?? null)
  })
}

async function change(
  context: Context,
  name: string,
  edit: (book: ContactBook, contact: Contact) => ContactBook,
): Promise<void> {
  await context.withRing(async (ring) => {
    const meant = resolveContact(await ring.contacts(), name)
    const book = await ring.updateContacts((before) => edit(before, meant))
    const { state } = trustOf(contactByKey(book, meant.publicKey))
    if (state === "unknown" || state === "revoked") await ring.leaveOut(meant.publicKey)
    const contact = contactByKey(book, meant.publicKey)
    if (contact) printChanged(context, contact)
    else context.print(`${visible(meant.petname)}: removed`, { removed: meant.petname })
  })
}

async function decide(context: Context, name: string, state: TrustState): Promise<void> {
  await change(context, name, (book, { publicKey }) =>
    decideTrust(book, publicKey, { state, atMs: Date.now() }),
  )
}

async function verifyOne(context: Context, name: string): Promise<void> {
  await context.withRing(async (ring) => {
    const { petname, publicKey } = resolveContact(await ring.contacts(), name)
    const by = matchingForm(publicKey, await askFingerprint(petname))
    if (!by) {
      throw new UsageError(
        "other-fingerprint",
        `That is not what the key of ${petname} gives. Do not trust it: somebody may be between you. Nothing was changed.`,
      )
    }
    const decision = { state: "verified", atMs: Date.now(), by } as const
    const book = await ring.updateContacts((before) => decideTrust(before, publicKey, decision))
    printChanged(context, contactByKey(book, publicKey))
  })
}

async function askFingerprint(petname: string): Promise<string> {
  const answer = await askLine(
    `What does the device of ${visible(petname)} show as its own words, digits or hex?\n> `,
  )
  if (answer !== null) return answer
  throw new UsageError("not-answered", "Nothing was typed. Nothing was changed.")
}

function printChanged(context: Context, contact: Contact | null): void {
  if (!contact) return
  context.print(`${visible(contact.petname)}: ${trustText(contact)}`, reportContact(contact))
}

function badge({ paint }: Context, contact: Contact): string {
  switch (trustOf(contact).state) {
    case "verified":
      return paint.good("✔")
    case "trusted":
      return paint.warn("○")
    case "revoked":
      return paint.bad("✘")
    case "unknown":
      return paint.dim("?")
  }
}

function readCardOrKey(text: string): { publicKey: Uint8Array; exchangePublicKey?: Uint8Array } {
  const trimmed = text.trim()
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return { publicKey: fromHex(trimmed) }
  if (trimmed.startsWith("stringphone:card/")) return openCardText(trimmed)
  throw new UsageError(
    "bad-key",
    "Expected an identity card (stringphone:card/…) or a public key of 64 hexadecimal digits.",
  )
}
