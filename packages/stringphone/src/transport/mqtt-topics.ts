// Levels of their own below the topic: who subscribes to the topic alone, as String phone's first
// program does, hears nothing of them, and a topic `garden/shed` is not taken for a slot of
// `garden`.

/** Where the broker keeps the last message of a slot: `garden/retained/card`. */
export function slotTopic(topic: string, slot: string): string {
  return `${topic}/retained/${slot}`
}

/** Where one says that he is here: `garden/presence/ada`. */
export function presenceTopic(topic: string, who: string): string {
  return `${topic}/presence/${who}`
}

/** @returns the slot that a message on `heard` belongs to, or `null` when to none. */
export function slotOf(topic: string, heard: string): string | null {
  return below(slotTopic(topic, ""), heard)
}

/** @returns whom a message on `heard` is about, or `null` when nobody. */
export function presentOn(topic: string, heard: string): string | null {
  return below(presenceTopic(topic, ""), heard)
}

/** The longest topic that a message is sent to. */
export function longestTopic(topic: string): string {
  return slotTopic(topic, "-".repeat(32))
}

function below(prefix: string, heard: string): string | null {
  return heard.startsWith(prefix) ? heard.slice(prefix.length) : null
}
