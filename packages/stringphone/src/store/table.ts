import type { Commit, Entry } from "./port.js"

/** All that a store holds at one moment. Never changed in place. */
export interface Table {
  /** Counts the commits. It only rises, so that no version ever comes back. */
  readonly counter: number
  readonly rows: ReadonlyMap<string, Row>
}

export interface Row {
  readonly value: Uint8Array
  /** The {@link Table.counter} of the commit that wrote it. */
  readonly version: number
}

export const emptyTable: Table = { counter: 0, rows: new Map() }

/** @returns `null` when there is no such entry. */
export function tableEntry(table: Table, key: string): Entry | null {
  const row = table.rows.get(key)
  if (row === undefined) return null
  return { key, value: new Uint8Array(row.value), version: String(row.version) }
}

/** Sorted by key, in code unit order. */
export function tableEntries(table: Table, prefix: string): readonly Entry[] {
  return [...table.rows.keys()]
    .filter((key) => key.startsWith(prefix))
    .sort()
    .map((key) => tableEntry(table, key) as Entry)
}

/**
 * Keeps the values of `commit`, so it has to be an own copy.
 *
 * @returns `null` when a check does not hold; `table` itself when there is nothing to write.
 */
export function applyCommit(table: Table, { checks, writes }: Required<Commit>): Table | null {
  const holds = checks.every(({ key, version }) => {
    const row = table.rows.get(key)
    return version === (row === undefined ? null : String(row.version))
  })
  if (!holds) return null
  if (writes.length === 0) return table
  const counter = table.counter + 1
  const rows = new Map(table.rows)
  for (const { key, value } of writes) {
    if (value === null) rows.delete(key)
    else rows.set(key, { value, version: counter })
  }
  return { counter, rows }
}
