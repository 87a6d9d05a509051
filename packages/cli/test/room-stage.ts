import { execFileSync } from "node:child_process"
import { createWriteStream, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { onTestFinished } from "vitest"
import { RoomDesk } from "../src/room/desk.js"
import { ScreenFace } from "../src/room/screen.js"
import { paintFor } from "../src/terminal/paint.js"
import { ScriptedRing, ScriptedRoom } from "./room-script.js"
import { TmuxTerminal } from "./tmux.js"

/** The room's screen in this process, shown by a real terminal; keys come from the test. */
export class RoomStage {
  readonly room = new ScriptedRoom()
  readonly ring = new ScriptedRing()
  readonly terminal: TmuxTerminal
  readonly desk: RoomDesk
  readonly face: ScreenFace
  readonly ended: Promise<string>
  readonly #input: PassThrough
  readonly #output: { columns: number; rows: number; emit: (event: string) => boolean }

  private constructor(
    terminal: TmuxTerminal,
    input: PassThrough,
    output: NodeJS.WriteStream,
    withColours: boolean,
  ) {
    this.terminal = terminal
    this.#input = input
    this.#output = output
    const paint = paintFor({ isTTY: withColours })
    const keyboard = input as unknown as NodeJS.ReadStream
    this.face = new ScreenFace(() => this.desk, paint, { input: keyboard, output })
    this.desk = new RoomDesk({
      session: this.room,
      ring: this.ring,
      address: "irc://127.0.0.1/#kitchen",
      channel: "#kitchen",
      show: (shown) => this.face.show(shown),
      onChange: () => this.face.change(),
    })
    this.room.onEvent((event) => this.desk.hear(event))
    void this.desk.read()
    this.ended = this.face.run()
  }

  static async open({ columns = 80, rows = 24, withColours = false } = {}): Promise<RoomStage> {
    const folder = mkdtempSync(join(tmpdir(), "stringphone-stage-"))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const pipe = join(folder, "pipe")
    execFileSync("mkfifo", [pipe])
    const show = ["sh", "-c", `stty raw opost onlcr -echo; cat ${pipe}`]
    const terminal = await TmuxTerminal.start(show, { columns, rows })
    const output = Object.assign(createWriteStream(pipe), { isTTY: true, columns, rows })
    // At the end the terminal may be gone before the last of it is written.
    output.on("error", () => {})
    const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} })
    const stage = new RoomStage(
      terminal,
      input,
      output as unknown as NodeJS.WriteStream,
      withColours,
    )
    onTestFinished(async () => {
      stage.face.finish("quit")
      await stage.ended
      output.end()
      await stage.room.close()
    })
    return stage
  }

  /** Bytes as a keyboard sends them. */
  type(bytes: string): void {
    this.#input.write(bytes)
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.terminal.resize(columns, rows)
    Object.assign(this.#output, { columns, rows })
    this.#output.emit("resize")
  }
}
