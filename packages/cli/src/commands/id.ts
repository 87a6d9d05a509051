import type { Command } from "commander"
import { hex, UsageError } from "stringphone/bytes"
import { cardText, type Identity } from "stringphone/identity"
import { type Context, readSecretFile } from "../context.js"
import { reportKey } from "../person.js"
import { askSecret } from "../terminal/ask.js"
import { examples, run } from "./shape.js"

export function addIdCommand(parent: Command): void {
  const id = parent
    .command("id")
    .description("show who you are: what others compare, and your card")
    .action(run((context) => show(context)))
  examples(id, ["id", "id card > my-card.txt", "--as work id"])

  const card = id
    .command("card")
    .description("print your identity card only: a public text to mail, print or paste")
    .action(run((context) => printCard(context)))
  examples(card, ["id card", "id card --json"])

  const seal = id
    .command("seal")
    .description("protect your key ring with a passphrase, or change it")
    .option("--new-passphrase-file <file>", "take the new passphrase from a file's first line")
    .action(run((context, options: SealOptions) => sealRing(context, options)))
  examples(seal, ["id seal", "id seal --new-passphrase-file ~/.secrets/ring"])

  const unseal = id
    .command("unseal")
    .description("take the passphrase away")
    .action(run((context) => unsealRing(context)))
  examples(unseal, ["id unseal", "--passphrase-file ~/.secrets/ring id unseal"])
}

interface SealOptions {
  readonly newPassphraseFile?: string
}

async function show(context: Context): Promise<void> {
  await context.withRing(async ({ identity, sealed }) => {
    const { words, digits, hex: hexadecimal } = identity.fingerprint
    const { paint } = context
    const text = [
      "Others compare one of these with what their device shows of you:",
      "",
      `  words   ${paint.bold(words.join(" "))}`,
      `  digits  ${digits}`,
      `  hex     ${hexadecimal}`,
      "",
      `public key  ${hex(identity.publicKey)}`,
      `card        ${cardOf(identity)}`,
      `key ring    ${sealed ? "sealed with a passphrase" : "not sealed (stringphone id seal)"}`,
    ]
    context.print(text.join("\n"), {
      ...reportKey(identity.publicKey),
      card: cardOf(identity),
      sealed,
    })
  })
}

async function printCard(context: Context): Promise<void> {
  await context.withRing(async ({ identity }) => {
    const card = cardOf(identity)
    context.print(card, { card })
  })
}

async function sealRing(context: Context, options: SealOptions): Promise<void> {
  await context.withRing(async (ring) => {
    const { newPassphraseFile: file } = options
    const passphrase = file === undefined ? await askTwice() : await readSecretFile(file)
    await ring.setPassphrase(passphrase)
    context.print(
      "The key ring is sealed. Without the passphrase nobody can use it, nor can you.",
      {
        sealed: true,
      },
    )
  })
}

async function unsealRing(context: Context): Promise<void> {
  await context.withRing(async (ring) => {
    if (!ring.sealed) throw new UsageError("not-sealed", "The key ring has no passphrase.")
    await ring.setPassphrase(null)
    context.print("The key ring has no passphrase any more.", { sealed: false })
  })
}

async function askTwice(): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new UsageError(
      "no-terminal",
      "There is no terminal to ask for the new passphrase. Name a file with --new-passphrase-file.",
    )
  }
  const passphrase = await askSecret("New passphrase: ")
  if ((await askSecret("Once more: ")) === passphrase) return passphrase
  throw new UsageError("passphrases-differ", "The two are not the same. Nothing was changed.")
}

function cardOf(identity: Identity): string {
  return cardText(identity.card())
}
