import type {
  Authorship,
  FileOfLetter,
  Letter,
  LetterToWrite,
  Receiver,
} from "stringphone/session/mailbox"
import { hex } from "stringphone/bytes"

/** Somebody whose address was pasted or scanned. */
export interface AddressedReceiver {
  readonly address: string
  readonly publicKey: Uint8Array
  readonly isInvitation: boolean
  readonly expiresAt: number
}

/** A letter that is being written; it outlives the visit of other views. */
export class LetterDraft {
  /** Keys of those with whom there is a pair, in hexadecimal. */
  people = $state<string[]>([])
  addressed = $state.raw<readonly AddressedReceiver[]>([])
  text = $state("")
  files = $state.raw<readonly FileOfLetter[]>([])
  authorship = $state<Authorship>("deniable")
  lifeDays = $state(14)
  wantsReceipt = $state(false)
  answers = $state.raw<Letter | null>(null)

  get receivers(): number {
    return this.people.length + this.addressed.length
  }

  /** Bytes of text and files together. */
  get size(): number {
    const text = new TextEncoder().encode(this.text).length
    return this.files.reduce((sum, { bytes }) => sum + bytes.length, text)
  }

  letter(keyOf: (key: string) => Uint8Array | null): LetterToWrite {
    const to: Receiver[] = this.people.flatMap((key) => {
      const publicKey = keyOf(key)
      return publicKey ? [{ publicKey }] : []
    })
    const { addressed, answers, authorship, files, lifeDays, text, wantsReceipt } = this
    return {
      to: [...to, ...addressed.map(({ address }) => ({ address }))],
      text,
      files,
      authorship,
      lifeDays,
      wantsReceipt,
      ...(answers && { replyTo: answers.messageId }),
    }
  }

  answer(letter: Letter): void {
    this.clear()
    this.answers = letter
    if (letter.from) this.people = [hex(letter.from.publicKey)]
  }

  add(receiver: AddressedReceiver): void {
    const others = this.addressed.filter(({ address }) => address !== receiver.address)
    this.addressed = [...others, receiver]
  }

  clear(): void {
    this.people = []
    this.addressed = []
    this.text = ""
    this.files = []
    this.authorship = "deniable"
    this.lifeDays = 14
    this.wantsReceipt = false
    this.answers = null
  }
}
