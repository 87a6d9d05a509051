// Fills a store in PostgreSQL with sessions, as the login server's own code writes them, but in bulk.
import { Buffer } from "node:buffer"
import { setTimeout } from "node:timers/promises"
import pg from "pg"
import { utf8 } from "stringphone/bytes"
import { hash } from "stringphone/crypto"
import { newSession, usualLifetimes } from "../dist/login/index.js"
import { deviceKey, keys, read, write } from "../dist/session/login/server-entries.js"
import { encodeKey } from "../dist/store/key-bytes.js"

/** But for the last one, if they do not come out even. */
export const sessionsPerUser = 4
const perBatch = 1_000
const filler = "login-fill"

/** The generation of a session, by its number: so nobody has to remember a million. */
export function generationOf(number) {
  return {
    session: hash(utf8(`session ${number}`)).slice(0, 16),
    generation: 1,
    root: hash(utf8(`root ${number}`)),
  }
}

export function loginOf(number) {
  return `user-${Math.floor(number / sessionsPerUser)}`
}

/**
 * @param store with a registered user, whose entry all others are like
 * @param {(done: number) => void} onProgress
 */
export async function fill({ count, like, nowMs, onProgress, schema, serverKey, store, url }) {
  const { value: user } = await read(store, keys.user(like))
  const client = new pg.Client({ connectionString: url, application_name: filler })
  await client.connect()
  for (let from = 0; from < count; from += perBatch) {
    const entries = []
    for (let number = from; number < Math.min(from + perBatch, count); number++) {
      entries.push(...entriesOf(number, { user, nowMs, serverKey }))
    }
    await client.query(
      `INSERT INTO ${schema}.store_entries
       SELECT key, value, nextval('${schema}.store_versions')
       FROM unnest($1::bytea[], $2::bytea[]) AS entries (key, value)`,
      [entries.map(({ key }) => encodeKey(key)), entries.map(({ value }) => Buffer.from(value))],
    )
    onProgress(Math.min(from + perBatch, count))
  }
  // A server does that by itself after a while; here it would do it while others are measured.
  await client.query(`VACUUM ANALYZE ${schema}.store_entries`)
  const { rows } = await client.query(
    `SELECT count(*) AS entries, pg_total_relation_size('${schema}.store_entries') AS bytes
     FROM ${schema}.store_entries`,
  )
  await client.end()
  return { entries: Number(rows[0].entries), bytes: Number(rows[0].bytes) }
}

/**
 * How often the table of entries was read from its beginning to its end. The server counts what a connection did when it
 * has ended: those of `application` are waited for.
 */
export async function tableScans({ application = filler, schema, url }) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const others = "SELECT 1 FROM pg_stat_activity WHERE application_name = $1"
  while ((await client.query(others, [application])).rowCount > 0) await setTimeout(50)
  const { rows } = await client.query(
    `SELECT seq_scan FROM pg_stat_user_tables
     WHERE schemaname = '${schema}' AND relname = 'store_entries'`,
  )
  await client.end()
  return Number(rows[0].seq_scan)
}

/** What a login leaves, and a call: `ServerLogins`, `ServerSessions.see`. */
function entriesOf(number, { nowMs, serverKey, user }) {
  const login = loginOf(number)
  const generation = generationOf(number)
  const { session: id } = generation
  const entry = {
    record: newSession(generation, user.scopes, usualLifetimes, nowMs),
    login,
    user: idOfUser(login),
    epoch: 0,
    device: `device ${number % sessionsPerUser}`,
    createdMs: nowMs,
    serverKey,
    offeredKey: null,
    lanes: [],
    change: null,
  }
  const own = { ...user, id: idOfUser(login), epoch: 0 }
  return [
    ...(number % sessionsPerUser === 0 ? [write(keys.user(login), own)] : []),
    write(keys.session(id), entry),
    write(deviceKey(login, id), 1),
    write(keys.seen(id), nowMs),
  ]
}

function idOfUser(login) {
  return hash(utf8(login)).slice(0, 16)
}
