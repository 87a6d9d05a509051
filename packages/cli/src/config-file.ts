import { readFile, stat } from "node:fs/promises"
import { UsageError } from "stringphone/bytes"

/** What a configuration file says. @throws {UsageError} `bad-config`: it can not be read */
export async function readConfigText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8")
  } catch (cause) {
    throw new UsageError(
      "bad-config",
      `The configuration ${path} can not be read. Check the path and its permissions.`,
      { cause },
    )
  }
}

/** The same; `null`: there is none. */
export async function readOptionalConfigText(path: string): Promise<string | null> {
  try {
    return await readConfigText(path)
  } catch (error) {
    const { code } = (error as UsageError).cause as NodeJS.ErrnoException
    if (code === "ENOENT") return null
    throw error
  }
}

/**
 * A password in a file is for its owner alone. Windows has no such bits.
 * @throws {UsageError} `open-config`
 */
export async function checkPrivate(path: string): Promise<void> {
  if (process.platform === "win32" || ((await stat(path)).mode & 0o077) === 0) return
  throw new UsageError(
    "open-config",
    `${path} holds a password, and others on this computer may read it. Run: chmod 600 ${path}`,
  )
}

/** @throws {UsageError} `bad-config` */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // The engine's own message shows what stands there, which may be a password.
    const at = /line \d+ column \d+/.exec(error instanceof Error ? error.message : "")
    throw new UsageError("bad-config", `The file is no JSON${at ? ` (${at[0]})` : ""}.`)
  }
}

/** A login of the environment: variables that begin with `name`. */
export function environmentLogin(name: string): {
  readonly username: string | undefined
  readonly password: string | undefined
} {
  const { [`${name}_USERNAME`]: username, [`${name}_PASSWORD`]: password } = process.env
  return { username, password }
}

/** The URL with what there is of a login in it. */
export function withLogin(
  text: string,
  { password, username }: ReturnType<typeof environmentLogin>,
): string {
  const url = new URL(text)
  if (username) url.username = encodeURIComponent(username)
  if (password) url.password = encodeURIComponent(password)
  return url.href
}
