import type { ServerFacts } from "./server.js"

/** Who is on a channel, found by any spelling. */
export class Names {
  readonly #server: ServerFacts
  #names = new Map<string, string>()
  /** The list that the server is telling now. */
  #listed = new Map<string, string>()

  constructor(server: ServerFacts) {
    this.#server = server
  }

  get all(): readonly string[] {
    return [...this.#names.values()]
  }

  /** @returns the name as it is spelt, or `null` when nobody has it */
  get(name: string): string | null {
    return this.#names.get(this.#server.fold(name)) ?? null
  }

  /** @returns whether it is new */
  add(name: string): boolean {
    const key = this.#server.fold(name)
    if (this.#names.has(key)) return false
    this.#names.set(key, name)
    return true
  }

  /** @returns the name as it was spelt, or `null` when nobody had it */
  remove(name: string): string | null {
    const known = this.get(name)
    this.#names.delete(this.#server.fold(name))
    return known
  }

  clear(): void {
    this.#names.clear()
    this.#listed.clear()
  }

  /** One line of RPL_NAMREPLY: names with their marks, and with `!user@host` where asked for. */
  list(words: string): void {
    const { marks } = this.#server
    for (const word of words.split(" ")) {
      let start = 0
      while (start < word.length && marks.includes(word.charAt(start))) start += 1
      const name = word.slice(start).replace(/!.*$/, "")
      if (name !== "") this.#listed.set(this.#server.fold(name), name)
    }
  }

  forgetList(): void {
    this.#listed.clear()
  }

  endOfList(): void {
    this.#names = this.#listed
    this.#listed = new Map()
  }
}
