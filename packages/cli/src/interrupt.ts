/**
 * Resolves when the person or the system wants the program to end: Ctrl-C, SIGTERM, a terminal that
 * was closed. A second one ends it at once.
 */
export function interrupted(): { readonly promise: Promise<void>; readonly interrupt: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  let asked = false
  const interrupt = (): void => {
    if (asked) process.exit(130)
    asked = true
    resolve()
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt)
  return { promise, interrupt }
}
