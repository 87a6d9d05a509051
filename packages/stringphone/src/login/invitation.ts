import {
  base64url,
  concat,
  decodeAll,
  fromBase64url,
  u16,
  u8,
  UsageError,
  utf8,
} from "../bytes/index.js"
import { hash, labelled } from "../crypto/index.js"
import { isCanonicalName, takeLogin, takeRealm } from "./names.js"
import { encodeText8, readName, readText8 } from "./wire/name.js"

/** Lets whoever has it register one login, once. Secret, and brought by a trusted path. [LOGIN-8-2] */
export interface Invitation {
  /** Ed25519, 32 bytes. */
  readonly serverKey: Uint8Array
  /** X25519, 32 bytes. */
  readonly exchangeKey: Uint8Array
  /** 16 random bytes. */
  readonly code: Uint8Array
  /** Days since 1970. */
  readonly lastDay: number
  /** Where the server is. */
  readonly url: string
  readonly realm: string
  /** Empty: the user chooses. */
  readonly login: string
}

const prefix = "stringphone:login/"
const httpUrl = /^https?:\/\/[^\s\p{C}]+$/u
const maxUrlBytes = 255

/**
 * spec/login.md §8.2
 *
 *   0         1            33             65     81         83      …
 *   +---------+------------+--------------+------+----------+-------+-------+-------+
 *   | version | server key | exchange key | code | last day | URL   | realm | login |
 *   | u8 = 1  | 32         | 32           | 16   | u16      | text8 | text8 | text8 |
 *   +---------+------------+--------------+------+----------+-------+-------+-------+
 */
export function encodeInvitation(invitation: Invitation): Uint8Array {
  const { code, exchangeKey, lastDay, login, realm, serverKey, url } = invitation
  const texts = [url, realm, login].map(encodeText8)
  return concat(u8(1), serverKey, exchangeKey, code, u16(lastDay), ...texts)
}

/** @throws {UsageError} `bad-invitation` */
export function decodeInvitation(bytes: Uint8Array): Invitation {
  return decodeAll(
    bytes,
    "invitation",
    (r) => {
      r.expect(1, "version")
      const serverKey = r.take(32, "server key").slice()
      const exchangeKey = r.take(32, "exchange key").slice()
      const code = r.take(16, "code").slice()
      const lastDay = r.u16("last day")
      const url = readText8(r, "URL")
      if (!httpUrl.test(url)) throw r.fail("its URL is none")
      const realm = readName(r, "realm")
      const login = readText8(r, "login")
      if (login !== "" && !isCanonicalName(login)) throw r.fail("its login is none")
      return { serverKey, exchangeKey, code, lastDay, url, realm, login }
    },
    badInvitation,
  )
}

/** As it is mailed, printed or shown as a QR code. @throws {UsageError} `bad-realm`, `bad-login`, `bad-url` */
export function invitationText(invitation: Invitation): string {
  const { login, realm, url } = invitation
  if (!httpUrl.test(url) || utf8(url).length > maxUrlBytes) {
    throw new UsageError(
      "bad-url",
      "An invitation's URL begins with http:// or https://, up to 255 bytes.",
    )
  }
  const names = { realm: takeRealm(realm), login: login && takeLogin(login) }
  return prefix + base64url(encodeInvitation({ ...invitation, ...names }))
}

/** @throws {UsageError} `bad-invitation` */
export function readInvitationText(text: string): Invitation {
  const trimmed = text.trim()
  if (!trimmed.startsWith(prefix)) throw badInvitation(`It has to begin with ${prefix}.`)
  let bytes: Uint8Array
  try {
    bytes = fromBase64url(trimmed.slice(prefix.length))
  } catch {
    throw badInvitation("It has characters that do not belong there, or ends too early.")
  }
  return decodeInvitation(bytes)
}

/** What a server finds it by, 16 bytes: it says nothing of the code. */
export function invitationId(code: Uint8Array): Uint8Array {
  return hash(labelled("login invitation", code)).slice(0, 16)
}

function badInvitation(problem: string): UsageError {
  return new UsageError(
    "bad-invitation",
    `This is no invitation to log in, or not all of one. Copy it again, or ask for another. ${problem}`,
  )
}
