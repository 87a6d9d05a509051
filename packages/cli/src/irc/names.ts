import { nickOf } from "./line.js"

/** Who speaks for the proxy. No server lets anybody be called that: `*` is in no nick. */
export const proxyNick = "*stringphone"
export const proxyPrefix: string = `${proxyNick}!stringphone@proxy`

/**
 * The same for all names that some server may take for one and the same. Servers disagree on which
 * letters are equal, and a hostile one may say anything, so this goes further than any of them: what
 * is guarded must not get another name by another spelling.
 */
export function foldName(name: string): string {
  return name
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll("{", "[")
    .replaceAll("}", "]")
    .replaceAll("|", "\\")
    .replaceAll("^", "~")
}

/**
 * The same for all spellings of one nick. It goes less far than {@link foldName}: two people must
 * never be taken for one.
 */
export function foldNick(nick: string): string {
  return nick.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

export function isChannelName(name: string): boolean {
  return /^[#&+!]./u.test(name)
}

/** The channel of `@#kitchen` and `+#kitchen`: for those with that mode only, whatever marks it. */
export function withoutStatus(target: string): string {
  return target.replace(/^[^\p{L}\p{N}\s#]+(?=[#&+!])/u, "")
}

/** What a server may call somebody. Our own marks `* ? / ( )` are not among it. */
const plainNick = /^[\p{L}\p{N}\p{M}[\]\\`_^{|}~-]+$/u
const serverName = /^[\p{L}\p{N}._:-]+$/u

/**
 * A prefix that the server sent, harmless: nobody on it can look like the proxy, or like one whose
 * state the proxy shows. What is not allowed becomes `_`.
 */
export function harmlessPrefix(prefix: string | null): string | null {
  if (prefix === null) return null
  const nick = nickOf(prefix)
  const rest = prefix.slice(nick.length).replaceAll(/\s/g, "_")
  if (plainNick.test(nick) || (rest === "" && serverName.test(nick))) return prefix
  return `${harmlessNick(nick)}${rest}`
}

/** As {@link harmlessPrefix}, for a nick alone. */
export function harmlessNick(nick: string): string {
  return plainNick.test(nick) ? nick : nick.replaceAll(/[^\p{L}\p{N}\p{M}[\]\\`_^{|}~-]/gu, "_")
}
