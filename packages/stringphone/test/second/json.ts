// What goes to and comes from second implementations: bytes are hexadecimal digits there.
import { fromHex, hex } from "../../src/bytes/index.js"

export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

export interface Ask {
  readonly do: string
  readonly [name: string]: Json
}

export type Answer = Readonly<Record<string, Json>>

/** @param textNames what is text; all other strings are bytes in hexadecimal */
export function fromJson(value: Json, textNames: ReadonlySet<string>, name = ""): unknown {
  if (typeof value === "string") return textNames.has(name) ? value : fromHex(value)
  if (Array.isArray(value)) return value.map((one: Json) => fromJson(one, textNames, name))
  if (!isRecord(value)) return value
  return mapped(value, (one, key) => fromJson(one as Json, textNames, key))
}

export function toJson(value: unknown): Json {
  if (value instanceof Uint8Array) return hex(value)
  if (Array.isArray(value)) return value.map(toJson)
  return isRecord(value) ? (mapped(value, toJson) as Json) : (value as Json)
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null
}

function mapped(value: object, change: (one: unknown, key: string) => unknown): object {
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, change(one, key)]))
}
