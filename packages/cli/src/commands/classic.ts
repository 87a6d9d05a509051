import type { Command } from "commander"
import { examples } from "./shape.js"
import { addClassicJoinCommand } from "./classic-join.js"
import { addClassicListenCommand } from "./classic-listen.js"
import { addClassicRecordCommands } from "./classic-records.js"
import { addClassicSendCommand } from "./classic-send.js"

export function addClassicCommand(parent: Command): void {
  const classic = parent
    .command("classic")
    .description("topics in the original protocol: no replay protection, no forward secrecy")
  addClassicRecordCommands(classic)
  addClassicJoinCommand(classic)
  addClassicListenCommand(classic)
  addClassicSendCommand(classic)
  examples(classic, [
    "classic new kitchen --broker mqtt://127.0.0.1:1883",
    "classic listen kitchen --pair",
    "--as bob classic join mqtt://127.0.0.1:1883/stringphone/… --name kitchen",
    "--as bob classic send kitchen 'Dinner is ready.'",
  ])
}
