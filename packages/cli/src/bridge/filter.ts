/** Longer ones are no names of devices; brokers end the connection of who sends very deep ones. */
const maxLength = 512
const maxLevels = 64

/** What is wrong with the name of an MQTT topic to publish on; `null`: nothing. */
export function topicProblem(topic: string): string | null {
  if (/[+#]/.test(topic)) return "a topic to publish on has no wildcards"
  return commonProblem(topic)
}

/** What is wrong with an MQTT topic filter; `null`: nothing. MQTT 5 §4.7 */
export function filterProblem(filter: string): string | null {
  const levels = filter.split("/")
  if (levels.some((level) => level.length > 1 && /[+#]/.test(level))) {
    return "+ and # stand for whole levels, between slashes"
  }
  const at = levels.indexOf("#")
  if (at >= 0 && at < levels.length - 1) return "# can only be the last level"
  return commonProblem(filter)
}

/**
 * Whether a filter takes a topic, as brokers do: `+` is one level, also an empty one; `#` is all
 * that follow and the level above it. What begins with `$` is the broker's own, and never matches.
 */
export function matchesFilter(filter: string, topic: string): boolean {
  if (topic === "" || topic.startsWith("$") || filter.startsWith("$")) return false
  const wanted = filter.split("/")
  const levels = topic.split("/")
  for (const [i, want] of wanted.entries()) {
    if (want === "#") return true
    if (i >= levels.length || (want !== "+" && want !== levels[i])) return false
    // `sport/#` takes `sport`, too.
    if (i === levels.length - 1 && i === wanted.length - 2 && wanted[i + 1] === "#") return true
  }
  return wanted.length === levels.length
}

export function matchesAny(filters: readonly string[], topic: string): boolean {
  return filters.some((filter) => matchesFilter(filter, topic))
}

/**
 * The same without those that another one covers: brokers may deliver a message once for each
 * filter that takes it, and two presses of a button are not one.
 */
export function withoutCovered(filters: readonly string[]): readonly string[] {
  const distinct = [...new Set(filters)]
  return distinct.filter((one) => !distinct.some((other) => other !== one && covers(other, one)))
}

function covers(wide: string, narrow: string): boolean {
  // `+` and `#` are levels like others here, but only `#` covers `#`.
  if (narrow.endsWith("#") && !wide.endsWith("#")) return false
  return matchesFilter(wide, narrow)
}

function commonProblem(text: string): string | null {
  if (text === "") return "it is empty"
  if (text.startsWith("$")) return "what begins with $ belongs to the broker"
  if (text.length > maxLength) return `it has more than ${maxLength} characters`
  if (text.split("/").length > maxLevels) return `it has more than ${maxLevels} levels`
  // Brokers end the connection of who sends these.
  if (/[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u.test(text)) return "it has control characters"
  return null
}
