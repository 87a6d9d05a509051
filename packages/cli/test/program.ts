import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { text } from "node:stream/consumers"
import { onTestFinished } from "vitest"

const main = join(import.meta.dirname, "..", "dist", "main.js")

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function start(args: readonly string[], home: string): ChildProcess {
  const env = { ...process.env, STRINGPHONE_HOME: home }
  const child = spawn(process.execPath, [main, ...args], { env, stdio: "pipe" })
  // A test that fails half-way must not leave a process running.
  onTestFinished(() => void child.kill("SIGKILL"))
  return child
}

/** Runs a command to its end; `input` is all that it finds on stdin. */
export async function stringphone(
  home: string,
  args: readonly string[],
  input = "",
): Promise<Finished> {
  const child = start(args, home)
  child.stdin!.on("error", () => {}) // it may not want to read
  child.stdin!.end(input)
  const output = Promise.all([text(child.stdout!), text(child.stderr!)])
  const [code] = (await once(child, "exit")) as [number | null]
  const [stdout, stderr] = await output
  return { code, stdout, stderr }
}

/** Runs a command that must succeed, and gives its JSON. */
export async function json(
  home: string,
  args: readonly string[],
  input = "",
): Promise<Record<string, unknown>> {
  const { code, stderr, stdout } = await stringphone(home, ["--json", ...args], input)
  if (code !== 0) throw new Error(`${args.join(" ")} exited with ${String(code)}: ${stderr}`)
  return JSON.parse(stdout) as Record<string, unknown>
}

export type Event = Readonly<Record<string, unknown>> & { readonly event: string }

/** A command that goes on running; it prints JSON events. */
export class Running {
  readonly #child: ChildProcess
  readonly #events: Event[] = []
  readonly #exit: Promise<[code: number | null]>
  #stderr = ""
  #changed: () => void = () => {}
  #ended = false

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#exit = once(child, "exit") as Promise<[number | null]>
    child.stderr!.on("data", (data: Buffer) => (this.#stderr += data.toString()))
    child.stdin!.on("error", () => {})
    const lines = createInterface({ input: child.stdout! })
    lines.on("line", (line) => {
      this.#events.push(JSON.parse(line) as Event)
      this.#changed()
    })
    lines.on("close", () => {
      this.#ended = true
      this.#changed()
    })
  }

  static start(home: string, args: readonly string[]): Running {
    return new Running(start(["--json", ...args], home))
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Everything that it printed. */
  get events(): readonly Event[] {
    return this.#events
  }

  /** The first event of this kind (that `matches`), which may have been already; it is used up. */
  async next(event: string, matches: (event: Event) => boolean = () => true): Promise<Event> {
    for (;;) {
      const at = this.#events.findIndex((one) => one.event === event && matches(one))
      if (at >= 0) return this.#events.splice(at, 1)[0]!
      if (this.#ended) throw new Error(`Ended without "${event}": ${this.#stderr}`)
      await new Promise<void>((resolve) => (this.#changed = resolve))
    }
  }

  type(line: string): void {
    this.#child.stdin!.write(`${line}\n`)
  }

  /** Sends a signal and waits for the end. @returns the exit code */
  async end(signal: NodeJS.Signals = "SIGINT"): Promise<number | null> {
    this.#child.kill(signal)
    return this.exitCode()
  }

  async exitCode(): Promise<number | null> {
    const [code] = await this.#exit
    return code
  }
}
