import { type Command, Option } from "commander"
import { UsageError } from "stringphone/bytes"
import type { InboxOptions } from "../mail/letters.js"
import type { InviteOptions } from "../mail/people.js"
import type { StatusOptions } from "../mail/status.js"
import type { StickOptions } from "../mail/stick.js"
import type { SyncOptions } from "../mail/sync.js"
import type { WriteOptions } from "../mail/write.js"
import { parseSeconds } from "../seconds.js"
import { collect, examples, run } from "./shape.js"

/** Each command loads what it needs when it runs: mail brings its stores and links along. */
export function addMailCommand(parent: Command): void {
  const mail = parent
    .command("mail")
    .description("write letters that sticks and strangers carry, and only their receivers can read")
  addWrite(mail)
  addLetters(mail)
  addPeople(mail)
  addSticks(mail)
  addSync(mail)
  examples(mail, [
    "mail invite   (give it to bob)",
    "--as bob mail write --address stringphone:mail/… --petname alice 'Are you safe?'",
    "mail export /media/stick",
    "mail inbox",
    "mail read 3fa94c01",
  ])
}

function addWrite(mail: Command): void {
  const write = mail
    .command("write [receivers-and-text...]")
    .description("seal a letter, without any network: the last word is the text, or it is on stdin")
    .option("--attach <file>", "put this file in (repeatable)", collect)
    .option(
      "--address <address>",
      "to this address, or the file it is in; - asks (repeatable)",
      collect,
    )
    .option(
      "--words <words>",
      "to who invited you by these twelve words; - asks (repeatable)",
      collect,
    )
    .option("--petname <name>", "your name for whom the address or the words are of")
    .addOption(
      new Option("--sign", "anybody may be shown that you wrote it").conflicts("anonymous"),
    )
    .option("--anonymous", "not even its receiver learns who wrote it; to a public address only")
    .addOption(
      new Option("--life <days>", "how long others carry it (default: 14)").choices([
        "1",
        "3",
        "7",
        "14",
        "28",
      ]),
    )
    .option("--receipt", "ask for a receipt")
    .option("--reply-to <id>", "it answers this letter")
    .action(
      run(async (context, given: readonly string[], options: WriteOptions) => {
        const { writeLetter } = await import("../mail/write.js")
        await writeLetter(context, given, options)
      }),
    )
  examples(write, [
    "mail write bob 'The bridge is open again.'",
    "mail write bob carol 'To you both.' --attach map.png --life 28",
    "mail write bob --sign < letter.txt",
    "mail write bob carol - < letter.txt",
    "mail write --address invitation.txt --petname dora 'Hello!'",
    "mail write --words - 'Hello!'   (asks for the twelve words)",
    "mail write bob 'On my way.' --reply-to 3fa94c01 --receipt",
  ])
}

function addLetters(mail: Command): void {
  const inbox = mail
    .command("inbox")
    .description(
      "your letters, newest first: ● unread, who wrote, how far you trust it, what proves it",
    )
    .option("--unread", "only what you have not read")
    .option("--sent", "what you wrote, and who confirmed it")
    .action(
      run(async (context, options: InboxOptions) => {
        const { printInbox } = await import("../mail/letters.js")
        await printInbox(context, options)
      }),
    )
  examples(inbox, ["mail inbox", "mail inbox --unread --json", "mail inbox --sent"])

  const read = mail
    .command("read <id>")
    .description("a letter; the first digits of its ID will do")
    .option("--save <folder>", "write its files there; nothing is replaced")
    .action(
      run(async (context, id: string, options: { save?: string }) => {
        const { readLetter } = await import("../mail/letters.js")
        await readLetter(context, id, options)
      }),
    )
  examples(read, ["mail read 3fa94c01", "mail read 3fa9 --save Downloads"])

  const confirm = mail
    .command("confirm <id>")
    .description("send the receipt that a letter asks for, hours later")
    .action(
      run(async (context, id: string) => {
        const { confirmLetter } = await import("../mail/letters.js")
        await confirmLetter(context, id)
      }),
    )
  examples(confirm, ["mail confirm 3fa94c01"])

  const remove = mail
    .command("delete <id>")
    .description("delete a letter here, for good")
    .option("--yes", "do not ask")
    .action(
      run(async (context, id: string, options: { yes?: true }) => {
        const { deleteLetter } = await import("../mail/letters.js")
        await deleteLetter(context, id, options)
      }),
    )
  examples(remove, ["mail delete 3fa94c01", "mail delete 3fa94c01 --yes"])
}

function addPeople(mail: Command): void {
  const contacts = mail
    .command("contacts")
    .description("with whom you share keys, and how far you trust each")
    .action(
      run(async (context) => {
        const { printPairs } = await import("../mail/people.js")
        await printPairs(context)
      }),
    )
  examples(contacts, ["mail contacts", "mail contacts --json"])

  const invite = mail
    .command("invite")
    .description(
      "make what one person needs to write to you: a text and a QR code, words, or a file",
    )
    .option("--words", "twelve words to say; others find them when your hub has passed on its mail")
    .option("--file <file>", "write it to this new file")
    .option("--days <days>", "how long it may be used", parseDays)
    .option("--no-qr", "no QR code on the terminal")
    .action(
      run(async (context, options: InviteOptions) => {
        const { invite } = await import("../mail/people.js")
        await invite(context, options)
      }),
    )
  examples(invite, [
    "mail invite",
    "mail invite --words",
    "mail invite --file for-bob.txt --days 7",
  ])

  const address = mail
    .command("address")
    .description("the address that anybody may write to, also anonymously")
    .option("--close", "look for no mail to it any more")
    .action(
      run(async (context, options: { close?: true }) => {
        const { printAddress } = await import("../mail/people.js")
        await printAddress(context, options)
      }),
    )
  examples(address, ["mail address > my-address.txt", "mail address --close"])

  const forget = mail
    .command("forget <name>")
    .description("delete the keys that you share with somebody")
    .option("--yes", "do not ask")
    .action(
      run(async (context, name: string, options: { yes?: true }) => {
        const { forgetPair } = await import("../mail/people.js")
        await forgetPair(context, name, options)
      }),
    )
  examples(forget, ["mail forget bob"])
}

function addSticks(mail: Command): void {
  const exporting = stickOptions(
    mail
      .command("export <folder>")
      .description("carry all mail of this hub on a stick: write what is not there yet"),
  ).action(
    run(async (context, folder: string, options: StickOptions) => {
      const { exportMail } = await import("../mail/stick.js")
      await exportMail(context, folder, options)
    }),
  )
  examples(exporting, [
    "mail export /media/stick",
    "mail export /media/stick --passphrase   (asks for one)",
  ])

  const importing = stickOptions(
    mail
      .command("import <folder>")
      .description(
        "take the mail that a stick carries, of whomever it is; then open what is yours",
      ),
  ).action(
    run(async (context, folder: string, options: StickOptions) => {
      const { importMail } = await import("../mail/stick.js")
      await importMail(context, folder, options)
    }),
  )
  examples(importing, ["mail import /media/stick"])
}

function addSync(mail: Command): void {
  const sync = mail
    .command("sync <address>")
    .description("exchange mail with another hub, once: tcp://, ws://, mqtt:// or nats://")
    .option("--wait <seconds>", "how long to wait for a hub to answer", parseSeconds, 60)
    .action(
      run(async (context, address: string, options: SyncOptions) => {
        const { syncMail } = await import("../mail/sync.js")
        await syncMail(context, address, options)
      }),
    )
  examples(sync, [
    "mail sync tcp://hub.example:4040",
    "mail sync ws://hub.example:8080",
    "mail sync mqtt://broker.example/our-street",
    "mail sync nats://server.example/our-street",
  ])

  const status = mail
    .command("status")
    .description(
      "letters, contacts, what the hub carries and from whom, and whether the clock is right",
    )
    .option(
      "--confirm-date",
      "the date of this computer is right although it leapt: old keys may go",
    )
    .action(
      run(async (context, options: StatusOptions) => {
        const { printMailStatus } = await import("../mail/status.js")
        await printMailStatus(context, options)
      }),
    )
  examples(status, ["mail status", "mail status --json", "mail status --confirm-date"])
}

/** A passphrase never stands on the command line. */
function stickOptions(command: Command): Command {
  return command
    .option("--passphrase", "the stick has one: ask for it, or STRINGPHONE_STICK_PASSPHRASE")
    .option("--stick-passphrase-file <file>", "where it is")
}

function parseDays(text: string): number {
  const days = /^\d{1,2}$/.test(text) ? Number(text) : 0
  if (days >= 1 && days <= 28) return days
  throw new UsageError("bad-days", "Give a number of days from 1 to 28.")
}
