/** One change of `MODE #channel +ov-k alice bob key`. */
export interface ModeChange {
  readonly isSet: boolean
  readonly letter: string
  readonly argument: string | null
}

/** Ranks of members, as a server's PREFIX has them: letter and mark, the highest first. */
export type Ranks = readonly (readonly [mode: string, mark: string])[]

/** Takes a change of modes apart. `kinds`: the four lists of CHANMODES. */
export function modeChanges(
  letters: string,
  args: readonly string[],
  ranks: Ranks,
  kinds: string,
): readonly ModeChange[] {
  const [lists = "", always = "", whenSet = ""] = kinds.split(",")
  const rest = [...args]
  const changes: ModeChange[] = []
  let isSet = true
  for (const letter of letters) {
    if (letter === "+" || letter === "-") {
      isSet = letter === "+"
      continue
    }
    const takesOne =
      ranks.some(([mode]) => mode === letter) ||
      lists.includes(letter) ||
      always.includes(letter) ||
      (isSet && whenSet.includes(letter))
    changes.push({ isSet, letter, argument: takesOne ? (rest.shift() ?? null) : null })
  }
  return changes
}

/** The parameters of a MODE line, without the channel. */
export function modeParameters(changes: readonly ModeChange[]): readonly string[] {
  let letters = ""
  let sign = ""
  for (const { isSet, letter } of changes) {
    const next = isSet ? "+" : "-"
    letters += next === sign ? letter : next + letter
    sign = next
  }
  return [letters, ...changes.flatMap(({ argument }) => (argument === null ? [] : [argument]))]
}

/** As PREFIX writes it: `(ohv)@%+`. */
export function formatRanks(ranks: Ranks): string {
  return `(${ranks.map(([mode]) => mode).join("")})${ranks.map(([, mark]) => mark).join("")}`
}

export function parseRanks(prefix: string | undefined): Ranks {
  const [, modes = "ov", marks = "@+"] = /^\((\w*)\)(.*)$/.exec(prefix ?? "") ?? []
  return [...modes].map((mode, i) => [mode, marks[i] ?? "+"] as const)
}

/**
 * The server's ranks and those by which we show rooms: `@` captain, `%` verified, `+` member. A mark
 * that the server uses for another mode is taken from it.
 */
export function withRoomRanks(ranks: Ranks): Ranks {
  const own = [
    ["o", "@"],
    ["h", "%"],
    ["v", "+"],
  ] as const
  const above = ranks.filter(
    ([mode, mark]) => !own.some(([ours, sign]) => ours === mode || sign === mark),
  )
  return [...above, ...own]
}
