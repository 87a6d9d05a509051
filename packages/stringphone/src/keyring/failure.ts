import { ChannelError, UsageError } from "../bytes/index.js"

/** Another process has replaced the ring key: ours opens nothing any more, and must not seal. */
export function passphraseChanged(): UsageError {
  return new UsageError(
    "passphrase-changed",
    "The passphrase of the key ring was changed meanwhile. Open it again.",
  )
}

export function corrupt(problem: string): ChannelError {
  return new ChannelError(
    "keyring-corrupt",
    `The key ring can not be used: ${problem}. It was left as it is; restore a backup or move it away.`,
  )
}
