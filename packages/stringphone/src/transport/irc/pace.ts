import type { IrcPace } from "./options.js"
import type { IrcServerKind } from "./server.js"

/** What no known server punishes. spec/irc.md §5 says how these were found. */
export const safePace: IrcPace = { burst: 4, linesPerSecond: 1 }

const paces: Readonly<Record<IrcServerKind, IrcPace>> = {
  ngircd: { burst: 3, linesPerSecond: 2.4 },
  inspircd: { burst: 8, linesPerSecond: 1 },
  hybrid: safePace,
  solanum: safePace,
  unreal: safePace,
  ergo: safePace,
  other: safePace,
}

/** [IRC-5-2] */
export function paceOf(kind: IrcServerKind): IrcPace {
  return paces[kind]
}
