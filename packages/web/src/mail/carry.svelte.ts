import { dayOf } from "stringphone/mailbox/hub"
import { checkEnvelope } from "stringphone/mailbox"
import {
  exportToStick,
  type ExportResult,
  importFromStick,
  type ImportResult,
  type StickProgress,
} from "stringphone/session/mailbox/stick"
import { painted } from "../lib/painted.ts"
import { codeOf, sentenceOf } from "../lib/sentence.ts"
import { makeArchive } from "./archive.ts"
import type { ChosenStick } from "./chosen-stick.ts"
import { acceptInto, type EnvelopeStore, withHub } from "./envelopes.ts"
import { HeldFolder } from "./held-folder.ts"
import { PaperPile, type PaperProgress, readPaperCode } from "./paper.ts"
import type { StickFolder } from "./stick-folder.ts"

export type CarryResult =
  | { readonly kind: "imported"; readonly result: ImportResult; readonly letters: number }
  | { readonly kind: "exported"; readonly result: ExportResult }
  | { readonly kind: "downloaded"; readonly result: ExportResult; readonly bytes: number }

/** What a code was. */
export type PaperOutcome = "part" | "known" | "new" | "refused" | "damaged" | "foreign"

export interface CarryOptions {
  /** One after the other with everything else that changes the mailbox. */
  readonly inTurn: <T>(work: (envelopes: EnvelopeStore) => Promise<T>) => Promise<T>
  /** Opens what is ours. @returns how many letters */
  readonly look: () => Promise<number>
}

/** Mail by stick and on paper. */
export class Carry {
  stick = $state.raw<ChosenStick | null>(null)
  progress = $state.raw<StickProgress | null>(null)
  result = $state.raw<CarryResult | null>(null)
  failure = $state("")
  /** The stick has a passphrase, which nobody gave yet. */
  needsPassphrase = $state(false)
  passphrase = $state("")
  paper = $state.raw<readonly PaperProgress[]>([])

  readonly #options: CarryOptions
  readonly #pile = new PaperPile()
  #stop: AbortController | null = null

  constructor(options: CarryOptions) {
    this.#options = options
  }

  get isBusy(): boolean {
    return this.progress !== null
  }

  choose(stick: ChosenStick | null): void {
    this.stick = stick
    this.result = null
    this.failure = ""
    this.needsPassphrase = false
    this.passphrase = ""
  }

  stop(): void {
    this.#stop?.abort()
  }

  /** Everybody's mail, and then what is ours. */
  async bring(): Promise<void> {
    const { stick } = this
    if (!stick) return
    await this.#work(async (envelopes, options) => {
      const result = await withHub(envelopes, (hub) =>
        importFromStick({
          ...options,
          folder: stick.folder,
          check: checkEnvelope,
          has: (ids) => envelopes.has(ids),
          accept: (parcels) => acceptInto(hub, parcels, "stick"),
        }),
      )
      return { kind: "imported", result, letters: 0 }
    })
    if (this.result?.kind !== "imported") return
    const letters = await this.#options.look()
    this.result = { ...this.result, letters }
  }

  /** What the stick does not have yet, of whomever it is. */
  async take(): Promise<void> {
    const { stick } = this
    if (!stick) return
    await this.#work(async (envelopes, options) => {
      const result = await this.#export(envelopes, stick.folder, options)
      return { kind: "exported", result }
    })
  }

  /** The same as one file, for browsers that can not write to a folder. */
  async download(save: (archive: Blob, name: string) => void): Promise<void> {
    await this.#work(async (envelopes, options) => {
      const folder = new HeldFolder()
      const result = await this.#export(envelopes, folder, options)
      const files = [...folder.files].map(([name, content]) => ({ name, content }))
      const archive = await makeArchive(files)
      save(archive, "stick.zip")
      return { kind: "downloaded", result, bytes: archive.size }
    })
  }

  /** A code that was scanned or pasted. */
  async readCode(text: string): Promise<PaperOutcome> {
    const part = readPaperCode(text)
    if (!part) return "foreign"
    const envelope = this.#pile.add(part)
    this.paper = this.#pile.progress
    if (envelope === null) return "part"
    if (envelope === "damaged") return "damaged"
    const [outcome = "refused"] = await this.#options.inTurn((envelopes) =>
      withHub(envelopes, (hub) =>
        acceptInto(hub, [{ stamp: new Uint8Array(8), bytes: envelope }], "paper"),
      ),
    )
    if (outcome === "new") await this.#options.look()
    return outcome
  }

  #export(store: EnvelopeStore, folder: StickFolder, options: WorkOptions): Promise<ExportResult> {
    return exportToStick({ ...options, folder, store, check: checkEnvelope })
  }

  async #work(
    work: (envelopes: EnvelopeStore, options: WorkOptions) => Promise<CarryResult>,
  ): Promise<void> {
    if (this.isBusy) return
    const { signal } = (this.#stop = new AbortController())
    this.result = null
    this.failure = ""
    this.progress = { step: "reading", doneBytes: 0, totalBytes: 0 }
    const options: WorkOptions = {
      signal,
      today: dayOf(Date.now()),
      onProgress: (progress) => (this.progress = progress),
      ...(this.passphrase !== "" && { passphrase: this.passphrase }),
    }
    try {
      // Stretching it blocks the page for a second or two.
      if (this.passphrase !== "") await painted()
      this.result = await this.#options.inTurn((envelopes) => work(envelopes, options))
      this.needsPassphrase = false
    } catch (error) {
      const code = codeOf(error)
      if (code === "passphrase-needed" || code === "wrong-passphrase") this.needsPassphrase = true
      this.failure = sentenceOf(error)
    } finally {
      this.progress = null
      this.#stop = null
    }
  }
}

interface WorkOptions {
  readonly signal: AbortSignal
  readonly today: number
  readonly onProgress: (progress: StickProgress) => void
  readonly passphrase?: string
}
