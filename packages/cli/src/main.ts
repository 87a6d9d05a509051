#!/usr/bin/env node
import { reportFailure } from "./failure.js"
import { makeProgram } from "./program.js"

// A reader that has seen enough (`| head`), or a terminal that was closed, is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE" && error.code !== "EIO") throw error
  process.exit(0)
})

const debug = process.argv.includes("--debug")

process.on("uncaughtException", (error) => {
  reportFailure(error, debug)
  process.exit(1)
})

try {
  const program = makeProgram()
  if (process.argv.length === 2) program.outputHelp()
  else await program.parseAsync()
} catch (error) {
  process.exitCode = reportFailure(error, debug)
}
