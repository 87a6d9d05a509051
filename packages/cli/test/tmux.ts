import { execFile } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { onTestFinished } from "vitest"
import { requireProgram } from "../../stringphone/test/real/require-program.js"

/** `null`: not installed. */
export const tmux: string | null = requireProgram("tmux", "tmux")

const run = promisify(execFile)

export interface TmuxOptions {
  readonly columns?: number
  readonly rows?: number
  readonly env?: Readonly<Record<string, string>>
}

/** A real terminal with one program in it, on a server of its own; gone when the test ends. */
export class TmuxTerminal {
  readonly #server: readonly string[]

  private constructor(server: readonly string[]) {
    this.#server = server
  }

  static async start(
    command: readonly string[],
    { columns = 90, env = {}, rows = 24 }: TmuxOptions = {},
  ): Promise<TmuxTerminal> {
    const folder = mkdtempSync(join(tmpdir(), "stringphone-tmux-"))
    const server = ["-u", "-f", "/dev/null", "-S", join(folder, "socket")]
    const terminal = new TmuxTerminal(server)
    onTestFinished(async () => {
      await terminal.#tmux("kill-server").catch(() => {})
      rmSync(folder, { recursive: true, force: true })
    })
    const variables = Object.entries({ LANG: "C.UTF-8", ...env }).map(
      ([key, value]) => `${key}=${value}`,
    )
    // The program may end, and what it printed stays.
    await run(tmux ?? "tmux", [
      ...server,
      ...["new-session", "-d", "-x", String(columns), "-y", String(rows)],
      ...["env", "-u", "CI", "-u", "CONTINUOUS_INTEGRATION", ...variables],
      ...["sh", "-c", '"$@"; echo "ended with $?"; exec sleep 3600', "sh", ...command],
    ])
    await terminal.#tmux("set-option", "-g", "focus-events", "on")
    return terminal
  }

  /** What is on the screen, without empty rows at its end. */
  async screen(): Promise<string> {
    return (await this.#tmux("capture-pane", "-p")).trimEnd()
  }

  /** The same with colours and attributes as escape sequences. */
  async painted(): Promise<string> {
    return (await this.#tmux("capture-pane", "-p", "-e")).trimEnd()
  }

  /** The screen with everything that was scrolled away; broken rows are joined. */
  async history(): Promise<string> {
    return (await this.#tmux("capture-pane", "-p", "-J", "-S", "-")).trimEnd()
  }

  async cursor(): Promise<string> {
    return (await this.#tmux("display-message", "-p", "#{cursor_x},#{cursor_y}")).trim()
  }

  /** Keys by the names that tmux has for them: `Enter`, `C-c`, `Up`, `M-b`. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#tmux("send-keys", ...keys)
  }

  async type(text: string): Promise<void> {
    await this.#tmux("send-keys", "-l", text)
  }

  async enter(text: string): Promise<void> {
    await this.type(text)
    await this.press("Enter")
  }

  /** As a terminal pastes: marked as such, where the program asked for it. */
  async paste(text: string): Promise<void> {
    await this.#tmux("set-buffer", text)
    await this.#tmux("paste-buffer", "-p", "-d")
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux("resize-window", "-x", String(columns), "-y", String(rows))
  }

  async #tmux(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(tmux ?? "tmux", [...this.#server, ...args])
    return stdout
  }
}
