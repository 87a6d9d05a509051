import { existsSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { ChannelError, decodeJson, encodeJson, UsageError } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import { configDirectory, openNodeKeyRing } from "stringphone/keyring/node"
import { takeRealm } from "stringphone/login"
import {
  type LoginServer,
  type LoginServerOptions,
  openLoginServer,
} from "stringphone/session/login/server"
import type { Store } from "stringphone/store"
import { openFileStore } from "stringphone/store/file"
import { openSqliteStore } from "stringphone/store/sqlite"
import type { Context } from "../context.js"

/** The server has an identity of its own: whoever takes over its machine is nobody's self by it. */
const profile = "server"
const settingsKey = "login-server"

type Database = "sqlite" | "file"

interface Settings {
  readonly version: 1
  readonly realm: string
  /** A folder stays with what it was begun with. */
  readonly database: Database
}

/** An open login server, and where it is. */
export interface LoginPlace {
  readonly server: LoginServer
  readonly folder: string
  readonly database: Database
}

type ServerOptions = Pick<LoginServerOptions, "authorities" | "onEvent" | "origins">

export interface FolderOptions {
  readonly folder?: string
}

export function loginFolder(folder: string | undefined): string {
  return folder ?? join(configDirectory(), "login-server")
}

/**
 * Makes the state of a new server: its identity, its OPAQUE setup, and no users.
 * @throws {UsageError} `bad-realm`, `server-exists`
 */
export async function createLoginPlace<T>(
  context: Context,
  { folder, realm: name }: { readonly folder: string; readonly realm: string },
  use: (place: LoginPlace) => Promise<T>,
): Promise<T> {
  const realm = takeRealm(name)
  await makeFolder(folder)
  return withServerRing(context, folder, async (ring) => {
    if (await ring.store.get(settingsKey)) throw serverExists(folder)
    // The database first: what has settings is complete.
    const database = await newDatabase(folder)
    const settings: Settings = { version: 1, realm, database }
    return withServer(ring, folder, settings, {}, async (place) => {
      const isOurs = await ring.store.commit({
        checks: [{ key: settingsKey, version: null }],
        writes: [{ key: settingsKey, value: encodeJson(settings) }],
      })
      if (!isOurs) throw serverExists(folder)
      return use(place)
    })
  })
}

/** Runs with the server of a folder. Several programs may, at once. @throws {UsageError} `no-server` */
export async function withLoginPlace<T>(
  context: Context,
  folder: string,
  use: (place: LoginPlace) => Promise<T>,
  options: ServerOptions = {},
): Promise<T> {
  if (!existsSync(join(folder, `${profile}.keyring.json`))) throw noServer(context, folder)
  return withServerRing(context, folder, async (ring) => {
    const entry = await ring.store.get(settingsKey)
    if (!entry) throw noServer(context, folder)
    return withServer(ring, folder, readSettings(entry.value), options, use)
  })
}

async function withServerRing<T>(
  context: Context,
  directory: string,
  use: (ring: KeyRing) => Promise<T>,
): Promise<T> {
  const passphrase = (): Promise<string> => context.passphrase()
  const ring = await openNodeKeyRing({ profile, directory, passphrase })
  try {
    return await use(ring)
  } finally {
    await ring.close()
  }
}

async function withServer<T>(
  { identity }: KeyRing,
  folder: string,
  { database, realm }: Settings,
  options: ServerOptions,
  use: (place: LoginPlace) => Promise<T>,
): Promise<T> {
  const store = await openDatabase(folder, database)
  try {
    const server = await openLoginServer({ store, identity, realm, ...options })
    try {
      return await use({ server, folder, database })
    } finally {
      await server.settled()
    }
  } finally {
    await store.close()
  }
}

function openDatabase(folder: string, database: Database): Promise<Store> {
  return database === "sqlite"
    ? openSqliteStore({ path: join(folder, "logins.sqlite") })
    : openFileStore({ path: join(folder, "logins.json") })
}

/** SQLite where Node has it: a file is written as a whole each time. */
async function newDatabase(folder: string): Promise<Database> {
  try {
    await (await openDatabase(folder, "sqlite")).close()
    return "sqlite"
  } catch (error) {
    if (error instanceof ChannelError && error.code === "missing-peer") return "file"
    throw error
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new UsageError(
      "not-written",
      `The folder ${folder} can not be made. Check the path and its permissions.`,
      { cause },
    )
  }
}

function readSettings(bytes: Uint8Array): Settings {
  const value = decodeJson(bytes) as Partial<Settings> | null
  const { database, realm, version } = value ?? {}
  const isKnown = version === 1 && (database === "sqlite" || database === "file")
  if (isKnown && typeof realm === "string") return { version, realm, database }
  throw new ChannelError(
    "store-newer",
    "This server was made by a newer version of this program. Get that one.",
  )
}

function serverExists(folder: string): UsageError {
  return new UsageError(
    "server-exists",
    `There is a login server in ${folder} already; it was left as it is. Name another --folder.`,
  )
}

function noServer({ command }: Context, folder: string): UsageError {
  return new UsageError(
    "no-server",
    `There is no login server in ${folder}. Make one: ${command} login init --realm lamp.example`,
  )
}
