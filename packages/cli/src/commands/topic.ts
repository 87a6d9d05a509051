import type { Command } from "commander"
import { examples } from "./shape.js"
import { addTopicJoinCommand } from "./topic-join.js"
import { addTopicListenCommand } from "./topic-listen.js"
import { addTopicRecordCommands } from "./topic-records.js"
import { addTopicSendCommand } from "./topic-send.js"

export function addTopicCommand(parent: Command): void {
  const topic = parent
    .command("topic")
    .description("make, join and use encrypted topics on MQTT brokers")
  addTopicRecordCommands(topic)
  addTopicJoinCommand(topic)
  addTopicListenCommand(topic)
  addTopicSendCommand(topic)
  examples(topic, [
    "topic new kitchen --broker mqtt://127.0.0.1:1883",
    "topic listen kitchen --pair",
    "--as bob topic join mqtt://127.0.0.1:1883/stringphone/… --name kitchen",
    "--as bob topic send kitchen 'Dinner is ready.'",
  ])
}
