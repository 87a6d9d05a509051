import { fromHex, hex } from "../../bytes/index.js"

/** What a file on a stick is for; its name is 32 hexadecimal digits and one of these. [STICK-1-1] */
export type StickFileKind = "key" | "mail" | "list" | "part"

const pattern = /^([0-9a-f]{32})\.(key|mail|list|part)$/

/** @param stem 16 random bytes */
export function stickFileName(stem: Uint8Array, kind: StickFileKind): string {
  return `${hex(stem)}.${kind}`
}

/** `null`: none of ours, whatever it is. [STICK-1-2] */
export function stickFileOf(name: string): { stem: Uint8Array; kind: StickFileKind } | null {
  const [, stem, kind] = pattern.exec(name) ?? []
  if (stem === undefined || kind === undefined) return null
  return { stem: fromHex(stem), kind: kind as StickFileKind }
}

/** Beside a segment lies its list, under the same stem. */
export function listNameOf(segmentName: string): string {
  return segmentName.replace(/\.mail$/, ".list")
}

export function segmentNameOf(listName: string): string {
  return listName.replace(/\.list$/, ".mail")
}

/** Files that a reader looks at; in a folder with more of them, the rest is not read. [STICK-7-1] */
export const maxStickFiles = 65_536
