/**
 * The folder that sticks and shared drives are: few simple files, which others may be reading and
 * writing at the same time. spec/mailbox-stick.md
 *
 * Names given to it match `[0-9a-f]{32}\.[a-z]{3,4}`; nothing else is ever opened, and no link is
 * followed. Every method throws {ChannelError} `stick-missing` when the folder, or the file that it
 * is about, is not there (any more), `stick-full` and `stick-failed`.
 */
export interface StickFolder {
  /** Regular files directly in the folder, of any name; not more than `limit`. */
  list(limit: number): Promise<readonly StickFile[]>

  /** For reading. */
  open(name: string): Promise<StickReader>

  /** A new, empty file for writing; fails with `stick-failed` when the name is taken. */
  create(name: string): Promise<StickWriter>

  /** Takes the place of a file that has the new name already; all or nothing. */
  rename(from: string, to: string): Promise<void>

  /** Nothing happens when it is not there. */
  remove(name: string): Promise<void>

  /** Makes durable which files there are. @returns `false`: the platform can not promise it */
  sync(): Promise<boolean>
}

export interface StickFile {
  readonly name: string
  readonly bytes: number
}

export interface StickReader {
  /** When it was opened. */
  readonly bytes: number
  /** Fewer bytes than wanted: the file ends. */
  read(offset: number, length: number): Promise<Uint8Array>
  /** May be called twice. */
  close(): Promise<void>
}

export interface StickWriter {
  /** At the end. */
  append(bytes: Uint8Array): Promise<void>
  /** Makes what was appended durable. @returns `false`: the platform can not promise it */
  sync(): Promise<boolean>
  /** May be called twice. */
  close(): Promise<void>
}
