/**
 * Resolves when the browser has drawn what was just changed: before work that blocks the page for a
 * second, as stretching a passphrase does. A hidden page draws nothing, and is not waited for.
 */
export function painted(): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => void setTimeout(resolve)
    requestAnimationFrame(() => requestAnimationFrame(done))
    setTimeout(resolve, 200)
  })
}
