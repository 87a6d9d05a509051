// What the person who runs it chose.
import { parseArgs } from "node:util"

/** Wrong use: the sentence is for the person, the exit code is 2. */
export class FlagError extends Error {
  name = "FlagError"
}

export const help = `How mail spreads when people's devices pass it on where they meet.

Usage: npm run simulate -- [flags]

  --trace FILE        real contacts, lines "t i j" (SocioPatterns, plain or gzip), and not the model
  --nodes N,N         sizes of the model                                 (10000,100000)
  --hours H           how long the model runs                            (72)
  --messages N        messages in each spread                            (1000; 4000 with --trace)
  --left H            hours of the run left when the last one starts     (48; 24 with --trace)
  --only NAME,NAME    of: spread, buffer, flooders, holes, seized        (all)
  --sweep-nodes N     size of the model in the sweeps                    (1000)
  --sweep-messages N  messages in the sweeps                             (500)
  --buffer KIB        room of each node in the sweeps of attacks         (a quarter of all mail)
  --junk N            pieces of junk that a flooder makes in a day       (1000)
  --look H            in the sweeps, how often a mailbox looks at its hub (0: at once)
  --seed N            the same seed, the same numbers                    (1)
  --json FILE         all numbers
  --report FILE.html  a page with plots
  --help

Examples:
  npm run simulate -- --report report.html
  npm run simulate -- --only spread --nodes 10000 --seed 7
  npm run simulate -- --trace tij_SFHH.dat.gz --json sfhh.json
  npm run simulate -- --only flooders --sweep-nodes 5000 --junk 200

Traces in this format: sociopatterns.org/datasets, such as SFHH (conference) and InVS15 (workplace).
What is simulated, and what the numbers mean: docs/simulation.md`

export const parts = ["spread", "buffer", "flooders", "holes", "seized"]

/**
 * @param {string[]} args
 * @throws {FlagError}
 */
export function readFlags(args) {
  const text = { type: /** @type {const} */ ("string") }
  const names =
    "trace nodes hours messages left only sweep-nodes sweep-messages buffer junk look seed json report"
  let values
  try {
    const options = Object.fromEntries(names.split(" ").map((name) => [name, text]))
    const help = { type: /** @type {const} */ ("boolean"), short: "h" }
    values = parseArgs({ args, options: { ...options, help }, strict: true }).values
  } catch (error) {
    throw new FlagError(`${firstSentence(error.message)} --help lists the flags.`)
  }
  const hasTrace = values.trace !== undefined
  const number = (name, usual, least, most) =>
    values[name] === undefined ? usual : wholeNumber(name, values[name], least, most)
  const flags = {
    help: values.help === true,
    trace: values.trace ?? null,
    nodes: values.nodes?.split(",").map((n) => wholeNumber("nodes", n, 10, 1_000_000)) ?? [
      10_000, 100_000,
    ],
    hours: number("hours", 72, 1, 10_000),
    messages: number("messages", hasTrace ? 4_000 : 1_000, 1, 100_000),
    leftHours: number("left", hasTrace ? 24 : 48, 0, 10_000),
    only: values.only?.split(",") ?? parts,
    sweepNodes: number("sweep-nodes", 1_000, 10, 100_000),
    sweepMessages: number("sweep-messages", 500, 1, 100_000),
    bufferBytes: values.buffer === undefined ? null : number("buffer", 0, 1, 1_048_576) * 1_024,
    junkPerDay: number("junk", 1_000, 1, 100_000),
    lookHours: number("look", 0, 0, 10_000),
    seed: number("seed", 1, 0, 4_294_967_295),
    json: values.json ?? null,
    report: values.report ?? null,
  }
  for (const part of flags.only) {
    if (!parts.includes(part)) {
      throw new FlagError(`--only knows no "${part}". There are: ${parts.join(", ")}.`)
    }
  }
  for (const name of ["nodes", "hours", "sweep-nodes"]) {
    if (hasTrace && values[name] !== undefined) {
      throw new FlagError(
        `--${name} is about the model, and --trace is used instead of it. Leave one out.`,
      )
    }
  }
  if (!hasTrace && flags.leftHours >= flags.hours) {
    throw new FlagError(`--left ${flags.leftHours} has to be less than --hours ${flags.hours}.`)
  }
  if (!hasTrace) refuseTooMuchJunk(flags)
  const largest = hasTrace ? 0 : Math.max(...flags.nodes)
  if (largest * flags.messages > 2_000_000_000) {
    throw new FlagError(
      `${largest} nodes with ${flags.messages} messages need more than 2 GB. Take fewer of either.`,
    )
  }
  return flags
}

/** Each node remembers each piece of junk that it was offered, in a bit. */
function refuseTooMuchJunk({ only, sweepNodes, junkPerDay, hours }) {
  const junk = sweepNodes * 0.05 * junkPerDay * (hours / 24)
  if (!only.includes("flooders") || (sweepNodes * junk) / 8 < 2_500_000_000) return
  throw new FlagError(
    `${sweepNodes} nodes with ${junkPerDay} pieces of junk a day need more than 2 GB. Take fewer of either.`,
  )
}

function wholeNumber(name, value, least, most) {
  const number = Number(value)
  if (/^\d+$/.test(value) && number >= least && number <= most) return number
  throw new FlagError(
    `--${name} takes a whole number from ${least} to ${most}, and not "${value}".`,
  )
}

function firstSentence(message) {
  return `${message.split(/\. |\n/)[0].replace(/\.$/, "")}.`
}
