import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"
import { requireProgram } from "../../stringphone/test/real/require-program.js"

export const weechat: string | null = requireProgram("weechat-headless", "weechat-headless")

/** A real WeeChat without a screen: typed at through its pipe, read through its logs. */
export class WeeChat {
  readonly #folder: string
  readonly #child: ChildProcess
  #pipe = -1

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder
    this.#child = child
  }

  /** Connects to a proxy at this port; its server is called `sp` there. */
  static async start(port: number, nick: string): Promise<WeeChat> {
    const folder = mkdtempSync(join(tmpdir(), "stringphone-weechat-"))
    const commands = [
      "/set logger.file.flush_delay 0",
      "/set irc.look.smart_filter off",
      "/set irc.server_default.anti_flood_prio_high 0",
      "/set irc.server_default.anti_flood_prio_low 0",
      "/set irc.server_default.split_msg_max_length 0",
      `/server add sp 127.0.0.1/${port}`,
      `/set irc.server.sp.nicks ${nick}`,
      `/set irc.server.sp.username ${nick}`,
      "/connect sp",
    ]
    const child = spawn(
      weechat as string,
      ["-d", folder, ...commands.flatMap((command) => ["-r", command])],
      { stdio: "ignore" },
    )
    const one = new WeeChat(folder, child)
    onTestFinished(() => one.stop())
    const fifo = join(folder, `weechat_fifo_${child.pid ?? 0}`)
    await until(
      () => existsSync(fifo),
      () => `no pipe ${fifo}`,
    )
    one.#pipe = openSync(fifo, "w")
    return one
  }

  /** Types a command or a text: `buffer` is `#kitchen`, a nick, or nothing for the server's own. */
  type(text: string, buffer = ""): void {
    const name = buffer === "" ? "irc.server.sp" : `irc.sp.${buffer}`
    writeSync(this.#pipe, `${name} *${text}\n`)
  }

  /** What stands in a buffer: `nick<TAB>text` lines. */
  lines(buffer = ""): readonly string[] {
    const name = buffer === "" ? "irc.server.sp" : `irc.sp.${buffer}`
    const file = join(this.#folder, "logs", `${name.toLowerCase()}.weechatlog`)
    if (!existsSync(file)) return []
    return readFileSync(file, "utf8")
      .split("\n")
      .map((line) => line.replace(/^[^\t]*\t/, ""))
  }

  async sees(buffer: string, pattern: RegExp): Promise<string> {
    const find = (): string | undefined => this.lines(buffer).find((line) => pattern.test(line))
    await until(
      () => find() !== undefined,
      () => `${pattern.source} not in ${buffer}:\n${this.lines(buffer).slice(-40).join("\n")}`,
    )
    return find() ?? ""
  }

  stop(): void {
    this.#child.kill("SIGKILL")
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Waits for what another program does; gives up after half a minute. */
export async function until(isDone: () => boolean, complaint: () => string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (isDone()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(complaint())
}
