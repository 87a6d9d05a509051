import type { Command } from "commander"
import { addTopicDoctorCommand } from "./topic-doctor.js"
import { addTopicForgetCommands } from "./topic-forget.js"
import { addTopicJoinCommand } from "./topic-join.js"
import { addTopicListCommands } from "./topic-list.js"
import { addTopicListenCommand } from "./topic-listen.js"
import { addTopicNewCommand } from "./topic-new.js"
import { addTopicOfflineCommands } from "./topic-offline.js"
import { addTopicPairCommand } from "./topic-pair.js"
import { addTopicRosterCommands } from "./topic-roster.js"
import { addTopicSendCommand } from "./topic-send.js"
import { addTopicStatusCommand } from "./topic-status.js"
import { examples } from "./shape.js"

export function addTopicCommand(parent: Command): void {
  const topic = parent
    .command("topic")
    .description("make, join and use encrypted topics, over brokers that you need not trust")
  addTopicNewCommand(topic)
  addTopicPairCommand(topic)
  addTopicJoinCommand(topic)
  addTopicListenCommand(topic)
  addTopicSendCommand(topic)
  addTopicListCommands(topic)
  addTopicStatusCommand(topic)
  addTopicDoctorCommand(topic)
  addTopicRosterCommands(topic)
  addTopicOfflineCommands(topic)
  addTopicForgetCommands(topic)
  examples(topic, [
    "topic new kitchen --broker mqtt://127.0.0.1:1883",
    "topic pair kitchen",
    "--as bob topic join mqtt://127.0.0.1:1883/stringphone/… --name kitchen",
    "--as bob topic send kitchen 'Dinner is ready.'",
    "topic listen kitchen",
  ])
}
