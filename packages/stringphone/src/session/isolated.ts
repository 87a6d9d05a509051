/** A handler's bug is shown, as one in an event listener is, but does not end the session. */
export async function isolated(handler: () => void | Promise<void>): Promise<void> {
  try {
    await handler()
  } catch (error) {
    report(error)
  }
}

/** Shows an error that nobody waits for. */
export function report(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
