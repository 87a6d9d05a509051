import { concat, PeerError, u32, utf8 } from "../../src/bytes/index.js"
import { hash } from "../../src/crypto/index.js"
import {
  createMail,
  MailIdentity,
  type MailKeyPair,
  type MailReader,
  type NewMail,
  openMail,
  type RandomBytes,
} from "../../src/mailbox/classic/index.js"

/** Bytes that look random, the same in each run. */
export function seededRandom(name: string): RandomBytes {
  let next = 0
  return (length) => {
    const blocks: Uint8Array[] = []
    for (let at = 0; at < length; at += 32) blocks.push(hash(concat(utf8(name), u32(next++))))
    return concat(...blocks).slice(0, length)
  }
}

export function identityOf(name: string): MailIdentity {
  return new MailIdentity(hash(utf8(name)))
}

export const alice = identityOf("alice").keyPair(0)
export const bob = identityOf("bob").keyPair(0)
export const carol = identityOf("carol").keyPair(0)
export const text = utf8("Hi Bob, hi Carol!")
export const nowSeconds = 1_800_000_000
export const expiresAtSeconds: number = nowSeconds + 3600

export const contact = (petname: string, { publicKey }: MailKeyPair) => ({ petname, publicKey })

/** From Alice to Bob unless told otherwise. */
export function mailOf(mail: Partial<NewMail> = {}, random = seededRandom("mail")): Uint8Array {
  return createMail(
    { message: text, sender: alice, receivers: [bob.publicKey], expiresAtSeconds, ...mail },
    random,
  )
}

/** What comes out of opening: an error's code, `not for us`, or status and text. */
export function outcome(bytes: Uint8Array, reader: MailReader): string {
  try {
    const opened = openMail(bytes, reader)
    if (!opened) return "not for us"
    const who = opened.sender ? `verified ${opened.sender.petname}` : opened.status
    return `${who}: ${new TextDecoder().decode(opened.message)}`
  } catch (error) {
    if (error instanceof PeerError) return error.code
    throw error
  }
}

/** The code of the error that `run` throws, with its class; or `"none"`. */
export function failure(run: () => unknown): string {
  try {
    run()
    return "none"
  } catch (error) {
    const { name, code } = error as { name: string; code: string }
    return `${name} ${code}`
  }
}
