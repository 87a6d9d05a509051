import { createRequire } from "node:module"
import { Command } from "commander"
import { addClassicCommand } from "./commands/classic.js"
import { addBridgeCommand } from "./commands/bridge.js"
import { addContactsCommand } from "./commands/contacts.js"
import { addHubCommand } from "./commands/hub.js"
import { addIdCommand } from "./commands/id.js"
import { addIrcCommand } from "./commands/irc.js"
import { addLoginCommand } from "./commands/login.js"
import { addMailCommand } from "./commands/mail.js"
import { addRoomCommand } from "./commands/room.js"
import { addTopicCommand } from "./commands/topic.js"
import { addUpCommand } from "./commands/up.js"
import { examples } from "./commands/shape.js"

const { version } = createRequire(import.meta.url)("../package.json") as { version: string }

/** The whole command line. */
export function makeProgram(): Command {
  const program = new Command("stringphone")
    .description("Topics, rooms, mail and login over channels that nobody needs to trust.")
    .version(version)
    .option("--as <profile>", "use the key ring of this profile (default: default)")
    .option("--passphrase-file <file>", "where the passphrase of a sealed key ring is")
    .option("--json", "print JSON, one object a line")
    .option("--debug", "show where an error came from")
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`stringphone: ${sentence(text)}\n`) })
  addUpCommand(program)
  addIdCommand(program)
  addContactsCommand(program)
  addTopicCommand(program)
  addRoomCommand(program)
  addClassicCommand(program)
  addBridgeCommand(program)
  addIrcCommand(program)
  addMailCommand(program)
  addHubCommand(program)
  addLoginCommand(program)
  examples(program, ["up", "id", "topic new kitchen --broker mqtt://127.0.0.1:1883"])
  return program
}

/** Commander says "error: unknown option '--x'"; we say a sentence. */
function sentence(text: string): string {
  const plain = text
    .replace(/^error: /, "")
    .trim()
    .replaceAll("\n", " ")
  const first = plain.charAt(0).toUpperCase() + plain.slice(1)
  return `${/[.?)]$/.test(first) ? first : `${first}.`} (--help shows what there is.)`
}
