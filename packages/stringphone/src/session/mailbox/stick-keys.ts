import { ChannelError, hex, PeerError, UsageError } from "../../bytes/index.js"
import { randomBytes, type StretchCost } from "../../crypto/index.js"
import {
  decodeKeyFile,
  defaultStickCost,
  encodeKeyFile,
  isAllowedCost,
  keyFileBytes,
  maxKeyFiles,
  maxSealedKeyFiles,
  newStickKey,
  openStickKey,
  stickFileName,
  type StickKeyFile,
} from "../../mailbox/stick/index.js"
import type { StickFolder } from "../../store/stick-folder/port.js"
import { readWhole, type StickContents, writeWhole } from "./stick-contents.js"

export interface StickKeys {
  /** What this stick may be read with. */
  readonly all: readonly Uint8Array[]
  /** What to write under; `null`: there is none yet. */
  readonly own: { readonly key: Uint8Array; readonly fileName: string } | null
  readonly damaged: number
  /** There are others, for which the passphrase is missing or another one. */
  readonly hasSealed: boolean
}

/** Opens the keys of sticks; what was opened once is not stretched again. */
export class StickKeyRing {
  readonly #folder: StickFolder
  readonly #passphrase: string | undefined
  /** By the bytes of the key file; `null`: the passphrase is another. */
  readonly #opened = new Map<string, Uint8Array | null>()

  constructor(folder: StickFolder, passphrase: string | undefined) {
    if (passphrase === "") {
      throw new UsageError("bad-passphrase", "A passphrase is not empty. Leave it out for none.")
    }
    this.#folder = folder
    this.#passphrase = passphrase
  }

  /** @throws {UsageError} `wrong-passphrase`, `passphrase-needed`; {PeerError} `stick-newer` */
  async open(contents: StickContents): Promise<StickKeys> {
    const { files, newer, damaged } = await this.#read(contents)
    const isForUs = this.#passphrase !== undefined
    const open = files.filter(({ content }) => content.cost === null)
    const sealed = files.filter(({ content }) => content.cost !== null).slice(0, maxSealedKeyFiles)
    const tried = isForUs ? [...open, ...sealed] : open
    const opened = tried.map((file) => ({ file, key: this.#open(file) }))
    const readable = opened.filter((one) => one.key !== null) as {
      file: ReadKeyFile
      key: Uint8Array
    }[]
    // Nothing that is to be sealed goes under a key that lies open. [STICK-2-6]
    const own = readable.find(({ file }) => (file.content.cost !== null) === isForUs)
    if (!isForUs && readable.length === 0 && sealed.length > 0) {
      throw new UsageError("passphrase-needed", "The stick is sealed. Give its passphrase.")
    }
    if (isForUs && sealed.length > 0 && own === undefined) {
      throw new UsageError(
        "wrong-passphrase",
        "The passphrase does not open this stick. Try again, or take another stick.",
      )
    }
    if (readable.length === 0 && newer !== null) throw newer
    return {
      all: readable.map(({ key }) => key),
      hasSealed: sealed.some((file) => !readable.some((one) => one.file === file)),
      own: own === undefined ? null : { key: own.key, fileName: own.file.name },
      damaged:
        damaged +
        opened.filter(({ file, key }) => file.content.cost === null && key === null).length,
    }
  }

  async make(cost: StretchCost = defaultStickCost): Promise<NonNullable<StickKeys["own"]>> {
    if (!isAllowedCost(cost)) {
      throw new UsageError("bad-cost", "A stick takes 1 to 8 passes over 8 KiB to 256 MiB.")
    }
    const passphrase = this.#passphrase
    const seal = passphrase === undefined ? null : { passphrase, cost }
    const { key, file } = newStickKey(randomBytes(16), seal)
    const bytes = encodeKeyFile(file)
    this.#opened.set(hex(bytes), key)
    return { key, fileName: await this.#write(bytes) }
  }

  async #write(bytes: Uint8Array): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      const name = stickFileName(randomBytes(16), "key")
      try {
        await writeWhole(
          this.#folder,
          { draft: stickFileName(randomBytes(16), "part"), name },
          bytes,
        )
        await this.#folder.sync()
        return name
      } catch (error) {
        // Another hub tidied the draft away before it had its name.
        const isTidied = error instanceof ChannelError && error.code === "stick-missing"
        if (!isTidied || attempt === 5) throw error
      }
    }
  }

  #open({ text, content }: ReadKeyFile): Uint8Array | null {
    const known = this.#opened.get(text)
    if (known !== undefined) return known
    const key = openStickKey(content, this.#passphrase ?? "")
    this.#opened.set(text, key)
    return key
  }

  async #read({ keys }: StickContents) {
    const files: ReadKeyFile[] = []
    let newer: PeerError | null = null
    let damaged = 0
    for (const { name, bytes: length } of keys) {
      if (files.length === maxKeyFiles) break // [STICK-2-5]
      const bytes = await readWhole(this.#folder, { name, bytes: length }, keyFileBytes)
      try {
        if (bytes === null) damaged++
        else files.push({ name, text: hex(bytes), content: decodeKeyFile(bytes) })
      } catch (error) {
        if (!(error instanceof PeerError)) throw error
        if (error.code === "stick-newer") newer = error
        damaged++
      }
    }
    return { files, newer, damaged }
  }
}

interface ReadKeyFile {
  readonly name: string
  /** All of it. */
  readonly text: string
  readonly content: StickKeyFile
}
