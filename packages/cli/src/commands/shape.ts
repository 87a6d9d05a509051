import type { Command } from "commander"
import { Context, type GlobalOptions } from "../context.js"

/**
 * Makes the function that Commander calls, with the arguments, the options and the command itself,
 * from one that gets the context first.
 */
export function run<Arguments extends readonly unknown[]>(
  body: (context: Context, ...args: Arguments) => Promise<void>,
): (...args: unknown[]) => Promise<void> {
  return async (...args) => {
    const command = args.at(-1) as Command
    const context = new Context(command.optsWithGlobals<GlobalOptions>())
    await body(context, ...(args.slice(0, -1) as unknown as Arguments))
  }
}

/** Adds the examples that `--help` ends with. */
export function examples(command: Command, lines: readonly string[]): void {
  command.addHelpText(
    "after",
    `\nExamples:\n${lines.map((line) => `  stringphone ${line}`).join("\n")}`,
  )
}

/** For an option or argument that may be given several times. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}
