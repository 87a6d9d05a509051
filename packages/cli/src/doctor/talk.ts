import type { TopicEvent } from "stringphone"
import type { KeyRing } from "stringphone/keyring"
import type { Context } from "../context.js"
import { pause, withTopic } from "../live-topic.js"
import type { TopicRecord } from "../topic-shelf.js"
import { bad, type Check, good, unknown } from "./check.js"

/** As long as a session waits for others to tell that it is an old copy, and a little more. */
const talkMs = 2_500

/** Opens the topic for a moment, asks the others as every start does, and hears what they say. */
export async function checkTalk(
  context: Context,
  ring: KeyRing,
  record: TopicRecord,
): Promise<readonly Check[]> {
  const events: TopicEvent[] = []
  const onEvent = (event: TopicEvent): void => void events.push(event)
  const options = { receive: "if-free", onEvent, connectTimeoutMs: 5_000 } as const
  return withTopic(context, ring, record, options, async (session) => {
    const before = session.epoch
    await pause(talkMs)
    const has = (kind: TopicEvent["kind"]): boolean => events.some((event) => event.kind === kind)
    if (has("removed")) {
      return [
        bad("behind", "You were removed from the topic.", "Ask an admin to let you in again."),
      ]
    }
    const { epoch } = session
    return [
      has("behind") && epoch === before
        ? bad(
            "behind",
            "A newer key is in use, and nobody gave it to us now.",
            "Run topic listen NAME until an admin is there. Perhaps you were removed.",
          )
        : good(
            "behind",
            epoch > before
              ? `Caught up: key ${epoch} instead of ${before}.`
              : "No newer key is in use.",
          ),
      has("old-copy")
        ? bad(
            "old-copy",
            "This key ring is an old copy; the others have newer messages of yours.",
            "It went on above them. Never use a restored copy and the original together.",
          )
        : session.participants().length > 1
          ? good("old-copy", "Nobody who is there says that this key ring is an old copy.")
          : unknown("old-copy", "Nobody else could tell whether this key ring is an old copy."),
    ]
  })
}
