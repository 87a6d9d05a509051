import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"
import { requireProgram } from "../../stringphone/test/real/require-program.js"
import { until } from "./irc-weechat.js"

export const irssi: string | null = requireProgram("irssi", "irssi")
export const tmux: string | null = requireProgram("tmux", "tmux")

/** A real irssi, on a terminal of tmux. */
export class Irssi {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async start(port: number, nick: string): Promise<Irssi> {
    const one = new Irssi(mkdtempSync(join(tmpdir(), "stringphone-irssi-")))
    onTestFinished(() => one.stop())
    const place = ["-c", "127.0.0.1", "-p", String(port), "-n", nick]
    one.#tmux(
      "-f",
      "/dev/null",
      "new-session",
      "-d",
      "-x",
      "150",
      "-y",
      "45",
      [`exec env LC_ALL=C.UTF-8 ${irssi as string} --home ${one.#folder}`, ...place].join(" "),
    )
    await one.shows(/Irssi v/)
    return one
  }

  type(text: string): void {
    this.#tmux("send-keys", "-l", text)
    this.#tmux("send-keys", "Enter")
  }

  get screen(): string {
    return this.#tmux("capture-pane", "-p")
  }

  async shows(pattern: RegExp): Promise<void> {
    await until(
      () => pattern.test(this.screen),
      () => `${pattern.source} not on the screen:\n${this.screen}`,
    )
  }

  stop(): void {
    try {
      // Left to end by itself, it would write into the folder while that is removed.
      process.kill(Number(this.#tmux("display-message", "-p", "#{pane_pid}")), "SIGKILL")
      this.#tmux("kill-server")
    } catch {
      // It has ended already.
    }
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }

  #tmux(...args: readonly string[]): string {
    return execFileSync(tmux as string, ["-S", join(this.#folder, "tmux"), ...args], {
      encoding: "utf8",
    })
  }
}
