import { stringphone } from "./program.js"

/** What people typed and what they saw, with everything random replaced by a name for it. */
export class Transcript {
  readonly #homes: Readonly<Record<string, string>>
  readonly #names = new Map<string, string>()
  readonly #lines: string[] = []

  /** @param homes folders of key rings, by who has them */
  constructor(homes: Readonly<Record<string, string>>) {
    this.#homes = homes
  }

  /** Shows this text as `name` from now on. */
  name(text: string, name: string): void {
    this.#names.set(text, name)
  }

  /** @returns what it printed, as it was */
  async type(who: string, args: readonly string[], input = ""): Promise<string> {
    const { code, stderr, stdout } = await stringphone(this.#homes[who] ?? "", args, input)
    const shown = args.map((one) => (/^[\w./:-]+$/.test(one) ? one : `'${one}'`)).join(" ")
    this.#lines.push(`${who}$ ${shown}`)
    for (const line of `${stdout}${stderr}`.split("\n")) if (line !== "") this.#lines.push(line)
    if (code !== 0) this.#lines.push(`(exit code ${String(code)})`)
    return stdout
  }

  get text(): string {
    let text = this.#lines.join("\n")
    const byLength = [...this.#names].sort(([a], [b]) => b.length - a.length)
    for (const [from, to] of byLength) text = text.replaceAll(from, to)
    return text
      .replaceAll(/stringphone:mail\/[\w-]+/g, "<address>")
      .replaceAll(/\d{4}-\d\d-\d\d( \d\d:\d\d UTC)?/g, (_, time) => (time ? "<time>" : "<day>"))
  }
}
