// The PostgreSQL server of the tests, for benchmarks: they are plain JavaScript, and it is not.
import { Buffer } from "node:buffer"
import { join } from "node:path"
import { build } from "esbuild"

const file = join(import.meta.dirname, "..", "test", "real", "envelope-store-postgres-server.ts")

/** @returns `null`: there is none on this machine, and it was said what to install */
export async function startPostgres() {
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    format: "esm",
    platform: "node",
    write: false,
  })
  const code = Buffer.from(outputFiles[0].contents).toString("base64")
  const { postgresPrograms, startPostgresServer } = await import(
    `data:text/javascript;base64,${code}`
  )
  return postgresPrograms === null ? null : startPostgresServer()
}
