import type { Caller } from "stringphone/session/login/server"

type Field = [name: string, value: string]

/** They are about one connection, or made anew for the next. */
const ofConnection = new Set(
  (
    "connection content-length expect host http2-settings keep-alive proxy-authenticate proxy-authorization " +
    "proxy-connection te trailer transfer-encoding upgrade"
  ).split(" "),
)
const ofProtection = new Set(["content-digest", "signature", "signature-input"])
/** What an API behind a proxy believes: no caller says it. */
const ofProxies =
  /^(?:stringphone-|x-forwarded(?:-|$)|forwarded$|x-real-ip$|(?:true-|x-|x-cluster-)?client-ip$|cf-connecting-ip$)/

/** The fields that the API gets: those that were proven, and who it is that they are proven to be of. */
export function forwardedFields(headers: Headers, caller: Caller): Field[] {
  const named = namedBy(headers.get("connection") ?? "")
  const proven = [...headers].filter(([name]) => !isLeftOut(name, named))
  return [
    ...proven,
    ["stringphone-login", fieldText(caller.login)],
    ["stringphone-device", fieldText(caller.device)],
    ["stringphone-scopes", caller.scopes.join(" ")],
    ["stringphone-mode", caller.mode],
  ]
}

/** The fields of the API's answer, from `rawHeaders`: names and values in turn. */
export function answeredFields(rawHeaders: readonly string[]): Field[] {
  const fields: Field[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    fields.push([String(rawHeaders[i]).toLowerCase(), String(rawHeaders[i + 1])])
  }
  const connection = fields.filter(([name]) => name === "connection").map(([, value]) => value)
  const named = namedBy(connection.join(","))
  return fields.filter(([name]) => !isLeftOut(name, named))
}

/** CGI and its kin take whatever is no letter or digit for the same. */
function isLeftOut(name: string, named: ReadonlySet<string>): boolean {
  const plain = name.replace(/[^a-z0-9]/g, "-")
  const isTheirs = ofConnection.has(plain) || named.has(name)
  return isTheirs || ofProtection.has(plain) || ofProxies.test(plain)
}

function namedBy(connection: string): ReadonlySet<string> {
  return new Set(connection.split(",").map((one) => one.trim().toLowerCase()))
}

/** Printable ASCII as it is; `%` and all else percent-encoded, as UTF-8. */
function fieldText(text: string): string {
  return text.replace(/[^ -$&-~]+/gu, (part) => encodeURIComponent(part))
}
