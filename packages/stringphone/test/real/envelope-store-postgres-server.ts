import { execFileSync } from "node:child_process"
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePort } from "./free-port.js"
import { requireProgram } from "./require-program.js"

/** The folder with initdb and pg_ctl, or `null` where there is none. Debian keeps it out of the path. */
export const postgresPrograms: string | null = findPrograms()

export const postgresPassword = "open-sesame-5309"

export interface PostgresServer {
  readonly port: number
  /** With the password of the user who owns all. */
  readonly url: string
  /** Kills the server, and starts it again on the same port, with what was durable. */
  down(): void
  up(): void
  /** Ends the server and removes what it left behind. */
  stop(): void
}

/** Starts a PostgreSQL server on a free loopback port. It does not run as root, so `postgres` does. */
export async function startPostgresServer(): Promise<PostgresServer> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), "stringphone-postgres-"))
  const user = process.getuid?.() === 0 ? { uid: idOf("-u"), gid: idOf("-g") } : {}
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
  const [data, passwordFile] = [join(folder, "data"), join(folder, "password")]
  const run = (program: string, ...args: readonly string[]): void => {
    const path = join(postgresPrograms as string, program)
    execFileSync(path, [...args], { ...user, cwd: folder, stdio: "ignore", env: { LC_ALL: "C" } })
  }
  writeFileSync(passwordFile, postgresPassword, { mode: 0o644 })
  const access = ["--auth=scram-sha-256", "--username=hub", `--pwfile=${passwordFile}`]
  run("initdb", "--no-sync", "--encoding=UTF8", ...access, `--pgdata=${data}`)
  let isUp = false
  const settings = `-p ${port} -h 127.0.0.1 -k ${folder} -c fsync=off -c shared_buffers=16MB`
  const server: PostgresServer = {
    port,
    url: `postgres://hub:${postgresPassword}@127.0.0.1:${port}/postgres`,
    up() {
      const log = join(folder, "log")
      run("pg_ctl", "start", "-w", "-t", "120", "-D", data, "-l", log, "-o", settings)
      isUp = true
    },
    down() {
      if (isUp) run("pg_ctl", "stop", "-w", "-t", "120", "-m", "immediate", "-D", data)
      isUp = false
    },
    stop() {
      server.down()
      process.off("exit", server.down)
      rmSync(folder, { recursive: true })
    },
  }
  // A test that fails half-way must not leave a server running.
  process.once("exit", server.down)
  server.up()
  return server
}

function idOf(which: "-u" | "-g"): number {
  return Number(execFileSync("id", [which, "postgres"], { encoding: "utf8" }))
}

function findPrograms(): string | null {
  const versions = "/usr/lib/postgresql"
  const folders = existsSync(versions) ? readdirSync(versions).sort().reverse() : []
  const folder = folders.map((version) => join(versions, version, "bin")).find(hasInitdb)
  if (folder !== undefined) return folder
  const path = requireProgram("initdb", "postgresql")
  return path === null ? null : join(path, "..")
}

function hasInitdb(folder: string): boolean {
  return existsSync(join(folder, "initdb"))
}
