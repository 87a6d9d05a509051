/** A file of ours on a stick that could not be read, or to which something is missing. */
export interface UnreadableFile {
  readonly name: string
  readonly reason: UnreadableReason
  /** In words, with what to do. */
  readonly explanation: string
}

/**
 * `no-key`: there is no key. `sealed`: a key needs a passphrase that was not given. `altered`: no key opens
 * it. `failed`: the disk does not give it. `no-mail`: a list or a key whose segments are not there.
 */
export type UnreadableReason = "no-key" | "sealed" | "altered" | "failed" | "no-mail"

const explanations: Readonly<Record<UnreadableReason, string>> = {
  "no-key":
    "There is no key for this mail on the stick. Copy its .key file as well, or take the stick itself.",
  sealed: "This mail is sealed. Give the passphrase of the stick.",
  altered:
    "No key on the stick opens this mail: it was altered, or its .key file is missing. Take another copy.",
  failed: "The disk does not give this mail. If it happens again, take another stick.",
  "no-mail": "The mail that belongs to this is not on the stick. Copy its .mail files as well.",
}

export function unreadable(name: string, reason: UnreadableReason): UnreadableFile {
  return { name, reason, explanation: explanations[reason] }
}
