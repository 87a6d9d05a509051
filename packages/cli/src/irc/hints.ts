import { roomCommands } from "../room/room-command.js"
import { deskCommands } from "./desk-commands.js"
import { proxyNick } from "./names.js"

const names = [...roomCommands, ...deskCommands].map(({ name }) => name)
const typed = new RegExp(`(^|[\\s(])/(${[...new Set(names)].join("|")})(?![\\w-])`, "gm")

/** Advice as one types it in any IRC client: `/verify bob` is said to the proxy, for a channel. */
export function hints(text: string, channel: string): string {
  return text.replace(typed, (_, before: string, name: string) =>
    channel === ""
      ? `${before}/msg ${proxyNick} ${name}`
      : `${before}/msg ${proxyNick} ${name} ${channel}`,
  )
}
