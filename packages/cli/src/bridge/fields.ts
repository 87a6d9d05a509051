import { UsageError } from "stringphone/bytes"

/** One object of a configuration file, read field by field; every error names the field. */
export class Fields {
  readonly #object: Readonly<Record<string, unknown>>
  readonly #where: string
  readonly #read = new Set<string>()

  /** `where`: the path of this object, empty for the file itself. */
  constructor(value: unknown, where: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw badConfig(where || "The file", "has to be an object, { … }")
    }
    this.#object = value as Readonly<Record<string, unknown>>
    this.#where = where
  }

  has(name: string): boolean {
    return this.#object[name] !== undefined
  }

  value(name: string): unknown {
    this.#read.add(name)
    return this.#object[name]
  }

  text(name: string): string {
    const value = this.value(name)
    if (value === undefined) throw this.missing(name)
    if (typeof value !== "string" || value === "") throw this.wrong(name, "has to be a text")
    return value
  }

  optionalText(name: string): string | undefined {
    return this.has(name) ? this.text(name) : undefined
  }

  flag(name: string, missing: boolean): boolean {
    const value = this.value(name) ?? missing
    if (typeof value !== "boolean") throw this.wrong(name, "has to be true or false")
    return value
  }

  count(name: string, missing: number, [min, max]: readonly [number, number]): number {
    const value = this.value(name) ?? missing
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) {
      return value as number
    }
    throw this.wrong(name, `has to be a whole number from ${min} to ${max}`)
  }

  /** One text, or a list of them; `problemOf` says what is wrong with one. */
  texts(
    name: string,
    missing: readonly string[] | null,
    problemOf: (text: string) => string | null,
  ): readonly string[] {
    const value = this.value(name) ?? missing
    if (value === null) throw this.missing(name)
    const list: unknown[] = Array.isArray(value) ? value : [value]
    return list.map((text, i) => {
      const at = Array.isArray(value) ? `${name}[${i}]` : name
      if (typeof text !== "string") throw this.wrong(at, "has to be a text")
      const problem = problemOf(text)
      if (problem) throw this.wrong(at, `is wrong: ${problem}`)
      return text
    })
  }

  objects(name: string): readonly Fields[] {
    const value = this.value(name) ?? []
    if (!Array.isArray(value)) throw this.wrong(name, "has to be a list, [ … ]")
    return value.map((one, i) => new Fields(one, this.path(`${name}[${i}]`)))
  }

  object(name: string): Fields {
    return new Fields(this.value(name) ?? {}, this.path(name))
  }

  /** Nothing may be left that was not read: it may be a slip of the pen. */
  end(): void {
    const extra = Object.keys(this.#object).find((name) => !this.#read.has(name))
    if (extra === undefined) return
    const known = [...this.#read].join(", ")
    throw this.wrong(extra, `is not known here; there are ${known}`)
  }

  missing(name: string): UsageError {
    return this.wrong(name, "is missing")
  }

  wrong(name: string, problem: string): UsageError {
    return badConfig(this.path(name), problem)
  }

  path(name: string): string {
    return this.#where === "" ? name : `${this.#where}.${name}`
  }
}

function badConfig(where: string, problem: string): UsageError {
  return new UsageError("bad-config", `${where} ${problem}.`)
}
