import { UsageError } from "stringphone/bytes"
import { BrowserStickFolder } from "stringphone/store/stick-folder/browser"
import { readArchive } from "./archive.ts"
import { HeldFolder } from "./held-folder.ts"
import { stickFilePattern, type StickFolder } from "./stick-folder.ts"

/** A stick, or what a person chose of one. */
export interface ChosenStick {
  readonly folder: StickFolder
  /** Of the folder; as its owner calls it. */
  readonly name: string
  readonly isWritable: boolean
}

type Picker = (options: { readonly mode: "readwrite" }) => Promise<FileSystemDirectoryHandle>

/** The browser's own dialogue for a folder that may be written to; `null`: it has none. */
function picker(): Picker | null {
  const found = (globalThis as { showDirectoryPicker?: Picker }).showDirectoryPicker
  return found?.bind(globalThis) ?? null
}

export function canWriteFolders(): boolean {
  return picker() !== null
}

/** @returns `null`: the person has changed its mind */
export async function pickStick(): Promise<ChosenStick | null> {
  try {
    const handle = await picker()?.({ mode: "readwrite" })
    return handle ? stickOf(handle) : null
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return null
    throw new UsageError("stick-refused", "The browser does not give this folder. Choose another.")
  }
}

function stickOf(handle: FileSystemDirectoryHandle): ChosenStick {
  return { folder: new BrowserStickFolder(handle), name: handle.name, isWritable: true }
}

/** @throws {UsageError} `no-stick`, when nothing of ours is among them */
export async function stickOfFiles(files: readonly File[], name: string): Promise<ChosenStick> {
  const found = new Map<string, Blob>()
  for (const file of files) {
    if (stickFilePattern.test(file.name)) found.set(file.name, file)
    if (!/\.zip$/i.test(file.name)) continue
    const entries = await readArchive(file)
    if (entries === null) {
      throw new UsageError(
        "not-our-archive",
        "This archive was packed by another program. Unpack it, and choose the files in it.",
      )
    }
    for (const { content, name: own } of entries) {
      if (stickFilePattern.test(own)) found.set(own, content)
    }
  }
  if (found.size > 0 && ![...found.keys()].some((own) => own.endsWith(".key"))) {
    throw new UsageError(
      "no-stick-key",
      "The key of the stick is not among these files. Choose its folder, or all the files on it.",
    )
  }
  if (found.size > 0) return { folder: new HeldFolder(found), name, isWritable: false }
  throw new UsageError(
    "no-stick",
    "There is no mail in what you chose. Choose the folder of the stick, all the files in it, or the archive that this page has made.",
  )
}

/** What was dropped onto the page. Has to be called at once, as browsers take it away again. */
export function stickOfDrop({ items }: DataTransfer): Promise<ChosenStick> {
  const dropped = [...items].filter(({ kind }) => kind === "file")
  const handles = dropped.map((item) => handleOf(item))
  const entries = dropped.map((item) => item.webkitGetAsEntry())
  const plain = dropped.map((item) => item.getAsFile())
  return (async () => {
    const [first] = await Promise.all(handles)
    if (first instanceof FileSystemDirectoryHandle && dropped.length === 1) return stickOf(first)
    const files: File[] = []
    for (const [i, entry] of entries.entries()) {
      const file = plain[i]
      if (entry) await gather(entry, files)
      else if (file) files.push(file)
    }
    return stickOfFiles(files, entries[0]?.name ?? files[0]?.name ?? "")
  })()
}

async function handleOf(item: DataTransferItem): Promise<FileSystemHandle | null> {
  const found = item as DataTransferItem & {
    getAsFileSystemHandle?: () => Promise<FileSystemHandle | null>
  }
  return (await found.getAsFileSystemHandle?.().catch(() => null)) ?? null
}

/** Far more than a stick of ours has. */
const maxFiles = 65_536

async function gather(entry: FileSystemEntry, files: File[]): Promise<void> {
  if (files.length >= maxFiles) return
  if (entry.isFile) {
    files.push(await asked<File>((ok, no) => (entry as FileSystemFileEntry).file(ok, no)))
    return
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  for (;;) {
    const some = await asked<FileSystemEntry[]>((ok, no) => reader.readEntries(ok, no))
    if (some.length === 0) return
    for (const one of some) if (one.isFile) await gather(one, files)
  }
}

function asked<T>(
  work: (ok: (value: T) => void, no: (error: unknown) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => work(resolve, reject))
}
