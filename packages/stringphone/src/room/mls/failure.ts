import { PeerError, UsageError } from "../../bytes/index.js"

/** `wrong-epoch`: the message is for an epoch that we have left, or have not reached yet. */
export class WrongEpoch extends PeerError {
  readonly epoch: number

  constructor(epoch: number, ownEpoch: number) {
    const where = epoch > ownEpoch ? "ahead of us: catch up first" : "over, and its keys are gone"
    super("wrong-epoch", `The message is of epoch ${epoch}, which is ${where}.`)
    this.epoch = epoch
  }
}

export function malformed(problem: string, cause?: unknown): PeerError {
  return new PeerError("malformed", `Malformed room message: ${problem}.`, { cause })
}

export function refused(problem: string): PeerError {
  return new PeerError("refused", `The room's rules do not allow this message: ${problem}.`)
}

/**
 * Runs what works on a peer's bytes. The MLS library throws errors of many kinds, some of them by
 * accident; to us they all mean the same.
 */
export async function onPeerBytes<T>(
  code: string,
  sentence: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof PeerError || error instanceof UsageError) throw error
    throw new PeerError(code, sentence, { cause: error })
  }
}
