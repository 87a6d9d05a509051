import { fromUtf8, utf8 } from "../../bytes/index.js"
import { planAddition } from "./addition.js"
import { EnvelopeIndex, ownStamp } from "./envelope-index.js"
import { idOf, keyOf } from "./envelope-key.js"
import type { Restamp } from "./disk.js"
import type { NewEnvelope, StoredEnvelope } from "./port.js"
import type { PostgresClient } from "../postgres-pool.js"
import { ENTRY_COLUMNS, lockHead, makeDays } from "./postgres-tables.js"

/** So much goes in one statement; a statement has at most 65,535 values. */
const MAX_STATEMENT_BYTES = 8 << 20
const MAX_STATEMENT_ROWS = 1_000

/** Inside a transaction. @returns for each whether it is new */
export async function addEnvelopes(
  client: PostgresClient,
  schema: string,
  envelopes: readonly NewEnvelope[],
): Promise<readonly boolean[]> {
  const lastNumber = await lockHead(client, schema)
  const index = await indexOf(client, schema, envelopes)
  index.skipNumbers(lastNumber)
  const { added, stamped, isNew } = planAddition(index, [envelopes])
  if (stamped.length > 0) await restamp(client, schema, stamped)
  const last = added.at(-1)
  if (last !== undefined) {
    await makeDays(client, schema, [...new Set(added.map(({ day }) => day))])
    for (const group of groupsOf(added)) await insert(client, schema, group)
    await client.query(`UPDATE ${schema}.head SET last_number = $1`, [last.number])
  }
  return isNew[0] ?? []
}

/** Of those that are there already. */
async function indexOf(
  client: PostgresClient,
  schema: string,
  envelopes: readonly NewEnvelope[],
): Promise<EnvelopeIndex<null>> {
  const { rows } = await client.query(
    `SELECT ${ENTRY_COLUMNS} FROM ${schema}.envelopes WHERE id = ANY($1)`,
    [envelopes.map(({ id }) => Buffer.from(id))],
  )
  const index = new EnvelopeIndex<null>()
  for (const { id, day, number, stamp, stamp_bits, link, size } of rows as readonly KnownRow[]) {
    index.add({
      key: keyOf(id),
      day,
      number: Number(number),
      stamp: ownStamp(stamp),
      stampBits: stamp_bits,
      link: fromUtf8(link) ?? "",
      size,
      place: null,
    })
  }
  return index
}

interface KnownRow {
  readonly number: string
  readonly id: Uint8Array
  readonly day: number
  readonly stamp: Uint8Array
  readonly stamp_bits: number
  readonly link: Uint8Array
  readonly size: number
}

async function restamp(
  client: PostgresClient,
  schema: string,
  stamped: readonly Restamp<null>[],
): Promise<void> {
  await client.query(
    `UPDATE ${schema}.envelopes AS known SET stamp = better.stamp, stamp_bits = better.bits
     FROM unnest($1::bytea[], $2::bytea[], $3::integer[]) AS better (id, stamp, bits)
     WHERE known.id = better.id`,
    [
      stamped.map(({ row }) => Buffer.from(idOf(row.key))),
      stamped.map(({ stamp }) => Buffer.from(stamp)),
      stamped.map(({ stampBits }) => stampBits),
    ],
  )
}

async function insert(
  client: PostgresClient,
  schema: string,
  envelopes: readonly StoredEnvelope[],
): Promise<void> {
  const values = envelopes.flatMap(({ number, id, day, stamp, stampBits, link, bytes }) => {
    const size = bytes.length
    return [
      number,
      viewOf(id),
      day,
      viewOf(stamp),
      stampBits,
      viewOf(utf8(link)),
      size,
      viewOf(bytes),
    ]
  })
  const columns = values.length / envelopes.length
  const rows = envelopes.map((_, row) => {
    const places = Array.from({ length: columns }, (_, column) => `$${row * columns + column + 1}`)
    return `(${places.join(", ")})`
  })
  await client.query(
    `INSERT INTO ${schema}.envelopes (${ENTRY_COLUMNS}, bytes) VALUES ${rows.join(", ")}`,
    values,
  )
}

function* groupsOf(envelopes: readonly StoredEnvelope[]): Generator<readonly StoredEnvelope[]> {
  let group: StoredEnvelope[] = []
  let bytes = 0
  for (const envelope of envelopes) {
    const isFull = bytes + envelope.bytes.length > MAX_STATEMENT_BYTES
    if (group.length > 0 && (isFull || group.length === MAX_STATEMENT_ROWS)) {
      yield group
      group = []
      bytes = 0
    }
    group.push(envelope)
    bytes += envelope.bytes.length
  }
  if (group.length > 0) yield group
}

// The client sends a Buffer as it is, without spelling it out.
function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
