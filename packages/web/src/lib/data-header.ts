import { hex } from "stringphone/bytes"
import { describe } from "./describe.ts"

/** What everybody can read of a data message, spec/topic.md §3. */
export interface DataHeader {
  readonly letter: string
  /** The low 16 bits of the epoch's number. */
  readonly epoch: number
  readonly tag: string
  readonly counter: number
}

/** @returns `null` for what is no data message */
export function dataHeader(bytes: Uint8Array): DataHeader | null {
  const { fields } = describe(bytes)
  const field = (name: string) => fields.find((one) => one.name === name)
  const tag = field("sender tag")
  if (!tag) return null
  return {
    letter: field("type")?.value ?? "",
    epoch: Number(field("epoch")?.value),
    tag: hex(tag.bytes),
    counter: Number(field("counter")?.value),
  }
}
