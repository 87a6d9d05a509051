import { setTimeout as sleep } from "node:timers/promises"
import { ChannelError } from "../bytes/index.js"
import { isSqliteBusy, sqliteFailure } from "./sqlite-failure.js"

const MAX_PAUSE_MS = 10

/**
 * Does it again as long as others have the lock. SQLite can wait by itself, but stops the thread meanwhile.
 *
 * @throws {ChannelError} `store-locked` and all of {@link sqliteFailure}
 */
export async function whenFree<T>(path: string, timeoutMs: number, work: () => T): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (!isSqliteBusy(error)) throw sqliteFailure(error, path)
      if (performance.now() > deadline) throw lockedDatabase(path, error)
    }
    // Not in step with the others that wait.
    await sleep(Math.random() * MAX_PAUSE_MS)
  }
}

function lockedDatabase(path: string, cause: unknown): ChannelError {
  return new ChannelError(
    "store-locked",
    `Another process has kept the database "${path}" to itself for too long. Nothing was changed; ` +
      "try again. If it stays so, end the program that uses it.",
    { cause },
  )
}
