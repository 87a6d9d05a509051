import { ChannelError, UsageError } from "stringphone/bytes"
import {
  exportToStick,
  type ExportResult,
  importFromStick,
  type ImportResult,
  type StickProgress,
  type UnreadableFile,
} from "stringphone/session/mailbox/stick"
import { checkEnvelope } from "stringphone/mailbox"
import { NodeStickFolder } from "stringphone/store/stick-folder/node"
import { type Context, readSecretFile } from "../context.js"
import { acceptFrom } from "../hub/open-hub.js"
import { interrupted } from "../interrupt.js"
import { askSecret } from "../terminal/ask.js"
import { countOf, quoted } from "../wording.js"
import { lookForMail, withMailHub } from "./place.js"
import { withBar } from "./progress-bar.js"
import { sizeText } from "./usage-text.js"

export interface StickOptions {
  readonly passphrase?: boolean
  readonly stickPassphraseFile?: string
}

/** All mail that came on sticks is charged to them together. */
const stickLink = "stick"

/** `mail export`: what the stick does not have yet, of whomever it is. */
export async function exportMail(
  context: Context,
  path: string,
  options: StickOptions,
): Promise<void> {
  await withMailHub(context, async ({ envelopes, hub }) => {
    const folder = new NodeStickFolder(path)
    const result = await withPassphrase(options, await isUnsealed(folder), (passphrase) =>
      stoppable((signal, onProgress) =>
        exportToStick({
          folder,
          store: envelopes,
          check: checkEnvelope,
          today: hub.today,
          signal,
          onProgress,
          ...(passphrase !== null && { passphrase }),
        }),
      ),
    )
    context.print(exportText(context, path, result), { event: "exported", ...result })
    if (result.damaged > 0) context.warn(damagedText(result.damaged))
    if (result.isStopped) throw stopped()
  })
}

/** `mail import`: everybody's mail into the hub, and then what is ours into the mailbox. */
export async function importMail(
  context: Context,
  path: string,
  options: StickOptions,
): Promise<void> {
  await withMailHub(context, async ({ envelopes, hub, mailbox }) => {
    const folder = new NodeStickFolder(path)
    const result = await withPassphrase(options, false, (passphrase) =>
      stoppable((signal, onProgress) =>
        importFromStick({
          folder,
          check: checkEnvelope,
          today: hub.today,
          has: (ids) => envelopes.has(ids),
          accept: acceptFrom(hub, stickLink),
          signal,
          onProgress,
          ...(passphrase !== null && { passphrase }),
        }),
      ),
    )
    const letters = result.isStopped ? 0 : await lookForMail({ mailbox })
    context.print(importText(context, result, letters), { event: "imported", ...result, letters })
    for (const line of unreadableLines(result.unreadable)) context.warn(line)
    const places =
      result.damaged - result.unreadable.filter(({ reason }) => reason !== "no-mail").length
    if (places > 0) context.warn(damagedText(places))
    if (result.isStopped) throw stopped()
  })
}

export function exportText(
  { command }: Pick<Context, "command">,
  path: string,
  { bytes, isSafeToUnplug, known, left, removed, written }: ExportResult,
): string {
  const rest = [
    ...(known > 0 ? [`${countOf(known, "envelope")} had been there`] : []),
    ...(removed > 0 ? [`${countOf(removed, "expired file")} removed`] : []),
  ]
  const lines = [
    `Wrote ${countOf(written, "envelope")} (${sizeText(bytes)})${rest.length > 0 ? `; ${rest.join(", ")}` : ""}.`,
  ]
  if (left > 0) {
    lines.push(
      `${countOf(left, "envelope")} not written. Make room, and run this again: ${command} mail export ${quoted(path)}`,
    )
  }
  lines.push(
    isSafeToUnplug
      ? "Safe to unplug."
      : "NOT yet safe to unplug: this drive does not say what is on it for good. Eject it first.",
  )
  return lines.join("\n")
}

export function importText(
  { command }: Pick<Context, "command">,
  result: ImportResult,
  letters: number,
): string {
  const { expired, known, new: fresh, refused, unfinished } = result
  const rest = [
    ...(known > 0 ? [`${known} known`] : []),
    ...(expired > 0 ? [`${expired} expired`] : []),
    ...(refused > 0 ? [`${refused} refused`] : []),
    ...(unfinished > 0 ? [`${countOf(unfinished, "file")} not written to the end`] : []),
  ]
  const took = `Took in ${countOf(fresh, "new envelope")}${rest.length > 0 ? ` (${rest.join(", ")})` : ""}.`
  const ours =
    letters === 0
      ? "None of it is for you; your hub carries it on."
      : `${countOf(letters, "letter")} for you: ${command} mail inbox`
  return fresh === 0 && letters === 0 ? took : `${took}\n${ours}`
}

/** One for each reason. */
export function unreadableLines(unreadable: readonly UnreadableFile[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const { explanation } of unreadable) {
    counts.set(explanation, (counts.get(explanation) ?? 0) + 1)
  }
  return [...counts].map(
    ([explanation, count]) => `${countOf(count, "file")} could not be read. ${explanation}`,
  )
}

/** Asks once more where a sealed stick is met without a passphrase, and twice for a new one. */
async function withPassphrase<T>(
  options: StickOptions,
  isNew: boolean,
  use: (passphrase: string | null) => Promise<T>,
): Promise<T> {
  const given = await passphraseOf(options, isNew)
  try {
    return await use(given)
  } catch (error) {
    const isMissing = error instanceof UsageError && error.code === "passphrase-needed"
    if (!isMissing) throw error
    if (!process.stdin.isTTY) {
      throw new UsageError(
        "passphrase-needed",
        "The stick has a passphrase. Name a file with --stick-passphrase-file, or set STRINGPHONE_STICK_PASSPHRASE.",
        { cause: error },
      )
    }
    return use(await askSecret("Passphrase of the stick: "))
  }
}

async function passphraseOf(
  { passphrase = false, stickPassphraseFile: file }: StickOptions,
  isNew: boolean,
): Promise<string | null> {
  if (file !== undefined) return readSecretFile(file)
  const fromEnvironment = process.env["STRINGPHONE_STICK_PASSPHRASE"]
  if (fromEnvironment) return fromEnvironment
  if (!passphrase) return null
  const secret = await askSecret(
    isNew ? "New passphrase of the stick: " : "Passphrase of the stick: ",
  )
  if (!isNew || (await askSecret("Once more: ")) === secret) return secret
  throw new UsageError("passphrases-differ", "The two are not the same. Nothing was written.")
}

/** Whether a passphrase that is typed now will be the stick's from now on. */
async function isUnsealed(folder: NodeStickFolder): Promise<boolean> {
  const files = await folder.list(65_536)
  return !files.some(({ name }) => name.endsWith(".key"))
}

async function stoppable<T>(
  use: (signal: AbortSignal, onProgress: (progress: StickProgress) => void) => Promise<T>,
): Promise<T> {
  const stop = new AbortController()
  void interrupted().promise.then(() => stop.abort())
  return withBar("", (show, name) =>
    use(stop.signal, ({ doneBytes, step, totalBytes }) => {
      name(step === "reading" ? "Reading" : "Writing")
      show(doneBytes, totalBytes)
    }),
  )
}

function damagedText(count: number): string {
  return `${countOf(count, "place")} on the stick could not be read; all else was. If it happens again, take another stick.`
}

function stopped(): ChannelError {
  return new ChannelError("stopped", "Stopped. What was done counts; run it again to go on.")
}
