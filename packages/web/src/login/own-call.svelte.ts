export type CallMode = "sealed" | "signed"

/** A call before it was signed or sealed, and its answer after it was opened. */
export class OwnCall {
  readonly mode: CallMode
  readonly method: string
  readonly path: string
  readonly body: string
  answer = $state.raw<{ readonly status: number; readonly text: string } | null>(null)

  constructor(mode: CallMode, method: string, path: string, body = "") {
    this.mode = mode
    this.method = method
    this.path = path
    this.body = body
  }
}
