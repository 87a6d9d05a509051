import { PeerError, sameBytes, UsageError } from "../../bytes/index.js"
import type { KnownSession, Price } from "../../login/index.js"
import { knownOf } from "./client-keeper.js"
import type { SavedLogin } from "./client-saved.js"
import type { LoginOptions, OfferedServer } from "./client-types.js"

/** What this device knows of a server before it asks. */
export interface Pins {
  /** `undefined`: any. */
  readonly realm: string | undefined
  /** Empty: any. */
  readonly pinnedKeys: readonly Uint8Array[]
  readonly floor: Price | undefined
  readonly knownSession: KnownSession | undefined
}

type Wanted = Pick<LoginOptions, "realm" | "serverKey"> & {
  readonly url: string
  readonly login: string
}

/**
 * An address that was logged in at before is that server's, until somebody names another realm.
 * @throws {UsageError} `several-realms`
 */
export function pinsOf(
  all: readonly SavedLogin[],
  { login, serverKey, url, ...wanted }: Wanted,
): Pins {
  const realm = wanted.realm ?? realmAt(all, url, login)
  const ofRealm = savedOfRealm(all, realm)
  const own = ofRealm.find((one) => one.login === login)
  return {
    realm,
    pinnedKeys: serverKey ? [serverKey] : ofRealm.flatMap(({ serverKeys }) => serverKeys),
    floor: own?.price,
    knownSession: (own && knownOf(own)) ?? undefined,
  }
}

/** Nobody guesses which one is meant: password and device's name are for one alone. */
function realmAt(all: readonly SavedLogin[], url: string, login: string): string | undefined {
  const there = all.filter((one) => one.url === url)
  const own = there.filter((one) => one.login === login)
  const realms = new Set((own.length > 0 ? own : there).map((one) => one.realm))
  if (realms.size > 1) {
    throw new UsageError(
      "several-realms",
      `At ${url} this device knows several servers: ${[...realms].join(", ")}. Say which one with \`realm\`.`,
    )
  }
  const [realm] = realms
  return realm
}

/** Whether this device knows servers of that realm, and this is none of them. */
export function isOtherServer(
  all: readonly SavedLogin[],
  { realm, serverKey }: OfferedServer,
): boolean {
  const pinnedKeys = savedOfRealm(all, realm).flatMap(({ serverKeys }) => serverKeys)
  return pinnedKeys.length > 0 && !pinnedKeys.some((key) => sameBytes(key, serverKey))
}

export function savedOfRealm(
  all: readonly SavedLogin[],
  realm: string | undefined,
): readonly SavedLogin[] {
  return all.filter((one) => one.realm === realm)
}

/** Of every server: one that is known can still be another than the one that is meant. @throws {PeerError} `other-server` */
export function checkExpected(
  { realm, serverKey }: OfferedServer,
  expects: LoginOptions["expects"],
): void {
  if (!expects || expects(serverKey)) return
  throw new PeerError(
    "other-server",
    `This server of ${realm} is another than the one that is expected. Nothing of the password was sent; check the address.`,
  )
}

/** @throws {PeerError} `not-confirmed` */
export async function confirmServer(
  server: OfferedServer,
  { pinnedKeys }: Pins,
  confirm: LoginOptions["confirm"],
): Promise<void> {
  const { realm, serverKey } = server
  const isKnown = pinnedKeys.some((key) => sameBytes(key, serverKey))
  if (isKnown || pinnedKeys.length > 0 || !confirm) return
  if (await confirm({ realm, serverKey })) return
  throw new PeerError(
    "not-confirmed",
    "This server was not confirmed. Nothing of the password was sent.",
  )
}
