import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { hostname } from "node:os"
import { join } from "node:path"
import { UsageError } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import { configDirectory, openNodeKeyRing } from "stringphone/keyring/node"
import { askSecret } from "./terminal/ask.js"
import { jsonLine, visible } from "./terminal/escape.js"
import { type Paint, paintFor } from "./terminal/paint.js"

/** The options that every command takes. */
export interface GlobalOptions {
  readonly as?: string
  readonly passphraseFile?: string
  readonly json?: boolean
  readonly debug?: boolean
}

/** What a command works with: where to print, whose key ring. */
export class Context {
  readonly json: boolean
  readonly paint: Paint = paintFor(process.stdout)
  readonly #options: GlobalOptions

  constructor(options: GlobalOptions) {
    this.#options = options
    this.json = options.json ?? false
  }

  /** Prints the result: for people the text, with `--json` the value on one line. */
  print(text: string, value: unknown): void {
    process.stdout.write(`${this.json ? jsonLine(value) : text}\n`)
  }

  /** Says what is going on, to a person at a terminal only. */
  progress(text: string): void {
    if (process.stderr.isTTY) process.stderr.write(`${text}\n`)
  }

  /** Says what a person should know although the command goes on, on stderr. */
  warn(text: string): void {
    process.stderr.write(`stringphone: ${visible(text)}\n`)
  }

  /** How this command line was begun, for the hints. */
  get command(): string {
    const { as } = this.#options
    return as === undefined ? "stringphone" : `stringphone --as ${as}`
  }

  /** What we call ourselves when pairing: the profile, or else this computer's name. */
  get ownName(): string {
    return (this.#options.as ?? hostname()).slice(0, 64)
  }

  /** The file of the chosen key ring. */
  get ringPath(): string {
    return join(configDirectory(), `${this.#options.as ?? "default"}.keyring.json`)
  }

  /** Runs with the key ring of the chosen profile, and closes it. */
  async withRing<T>(use: (ring: KeyRing) => Promise<T>): Promise<T> {
    const { as: profile = "default" } = this.#options
    const isNew = !existsSync(this.ringPath)
    const ring = await openNodeKeyRing({ profile, passphrase: () => this.passphrase() })
    if (isNew) this.progress(`Made a new identity: ${ring.identity.fingerprint.words.join(" ")}`)
    try {
      return await use(ring)
    } finally {
      await ring.close()
    }
  }

  /** The passphrase of the sealed ring, from the file that was named or from the terminal. */
  async passphrase(): Promise<string> {
    const { passphraseFile } = this.#options
    if (passphraseFile !== undefined) return readSecretFile(passphraseFile)
    if (process.stdin.isTTY) return askSecret("Passphrase of the key ring: ")
    throw new UsageError(
      "passphrase-needed",
      "The key ring is sealed. Name a file with --passphrase-file, or run this in a terminal to be asked.",
    )
  }
}

/** The first line of a file; without the line's end, and all else kept. */
export async function readSecretFile(path: string): Promise<string> {
  try {
    const [line = ""] = (await readFile(path, "utf8")).split(/\r?\n/)
    return line
  } catch (cause) {
    throw new UsageError(
      "no-passphrase-file",
      `The passphrase file "${path}" can not be read. Check the path and its permissions.`,
      { cause },
    )
  }
}
