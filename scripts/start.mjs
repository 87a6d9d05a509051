// `npm start`: makes the clone ready, then becomes `stringphone up`. The script says `exec`, because a
// shell between npm and us would keep signals to itself.
import { existsSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { prepareOrExit, root } from "./prepare.mjs"

await prepareOrExit()

const main = join(root, "packages", "cli", "dist", "main.js")
if (!existsSync(main)) {
  process.stderr.write(
    "stringphone: packages/cli/dist/main.js is missing; packages/cli has no main.ts\n",
  )
  process.exit(1)
}

deliverSignalsOnce()
// In this very process, so that exit code, terminal and signals are the program's own.
process.argv = [process.argv[0], main, "up", ...process.argv.slice(2)]
await import(pathToFileURL(main).href)

/**
 * A Ctrl-C reaches every process of the terminal, and npm passes it on to its child once more. For
 * the program this would be two, and a second one usually means "now, without cleaning up".
 */
function deliverSignalsOnce() {
  const emit = process.emit
  const last = new Map()
  process.emit = function (name, ...args) {
    if (name === "SIGINT" || name === "SIGTERM") {
      const now = Date.now()
      const again = now - (last.get(name) ?? -Infinity) < 300
      last.set(name, now)
      if (again) return true
    }
    return emit.call(this, name, ...args)
  }
}
