// `npm run simulate`: reads the flags, runs, prints the table, writes the files.
import { writeFileSync } from "node:fs"
import { FlagError, help, readFlags } from "./flags.mjs"
import { reportOf } from "./report.mjs"
import { simulate } from "./simulation.mjs"
import { tableOf } from "./table.mjs"
import { TraceError } from "./trace.mjs"

/**
 * @param {string[]} args
 * @returns {number} the exit code
 */
export function main(args) {
  try {
    const flags = readFlags(args)
    if (flags.help) {
      console.log(help)
      return 0
    }
    const result = simulate(flags, progressTo(process.stderr))
    console.log(tableOf(result))
    if (flags.json !== null) write(flags.json, `${JSON.stringify(result, null, 1)}\n`)
    if (flags.report !== null) write(flags.report, reportOf(result))
    return 0
  } catch (error) {
    if (!(error instanceof FlagError || error instanceof TraceError)) throw error
    console.error(`simulate: ${error.message}`)
    return 2
  }
}

function write(file, text) {
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw new FlagError(`${file} can not be written: ${error.message}.`)
  }
  console.error(`simulate: wrote ${file}`)
}

/** On a terminal one line that changes, elsewhere one line for each part. */
function progressTo(stream) {
  let last = ""
  return (what, share) => {
    const text = `simulate: ${what} … ${Math.floor(share * 100)} %`
    if (text === last) return
    last = text
    if (stream.isTTY) stream.write(`\r\x1b[K${share === 1 ? "" : text}`)
    else if (share === 0 || share === 1) stream.write(`${text}\n`)
  }
}
