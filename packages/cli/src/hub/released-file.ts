import { readFile, rename, writeFile } from "node:fs/promises"
import type { ReleasedMark } from "stringphone/session/mailbox/hub"

/**
 * Remembers in a file what others have seen. Without it, or when it is damaged, nothing was seen:
 * all is held once more, which is slow and tells nothing.
 */
export function releasedFile(path: string): ReleasedMark {
  return {
    async load() {
      const text = await readFile(path, "utf8").catch(() => "")
      return /^\d{1,15}\n?$/.test(text) ? Number(text) : 0
    },
    async save(number) {
      const draft = `${path}.new`
      await writeFile(draft, `${number}\n`, { mode: 0o600 })
      await rename(draft, path)
    },
  }
}
