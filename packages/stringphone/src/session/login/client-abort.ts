/** Who waits can go; what is waited for is of others, too, and goes on. */
export async function untilAborted<T>(shared: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return shared
  signal.throwIfAborted()
  let leave = (): void => undefined
  const gone = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason)
    signal.addEventListener("abort", leave)
  })
  try {
    return await Promise.race([shared, gone])
  } finally {
    signal.removeEventListener("abort", leave)
  }
}
