// Invariant: any bytes give a Decoded or a PeerError, never another error; on a throw, and for what is not for us, the saved state is unchanged.

const nowMs = 1_800_000_000_000
const kinds = new Set([
  ...["message", "bundle", "control", "rekey", "key-request", "pairing"],
  ...["behind", "removed", "incomplete", "known", "own", "other"],
])
/** What may change the state: it was genuine. All other kinds may not. */
const changing = new Set(["message", "bundle", "control", "rekey", "key-request", "removed"])

/**
 * Also what the unit test and the property test check.
 *
 * @param library `Topic` and `Identity` under test, and their `PeerError`
 * @param receivers saved topics: `seed`, `state` and `sending` in hexadecimal
 * @returns a function that checks one input, and returns what each receiver made of it
 */
export function topicDecodeTarget({ Identity, PeerError, Topic }, receivers) {
  const all = receivers.map(({ seed, sending, state }) => {
    const signer = new Identity(fromHex(seed))
    const restore = () =>
      Topic.restore({ signer }, { state: fromHex(state), sending: fromHex(sending) })
    return { restore, topic: restore(), before: snapshot(restore()) }
  })

  return (bytes) => {
    const original = Uint8Array.from(bytes)
    const found = all.map((receiver) => {
      const { kind, thrown } = attempt(receiver.topic, bytes)
      const after = snapshot(receiver.topic)
      if (after !== receiver.before) {
        if (!thrown && !changing.has(kind)) throw new Error(`${kind} changed the state`)
        if (thrown && !isFalseJump(receiver.before, after)) {
          throw new Error("it threw and changed the state", { cause: thrown })
        }
        receiver.topic = receiver.restore()
      }
      return kind
    })
    if (original.some((byte, i) => byte !== bytes[i])) throw new Error("the input was changed")
    return found
  }

  function attempt(topic, bytes) {
    try {
      const { kind } = topic.decode(bytes, { nowMs })
      if (!kinds.has(kind)) throw new TypeError(`decode gave ${String(kind)}`)
      return { kind, thrown: null }
    } catch (thrown) {
      if (!(thrown instanceof PeerError) || typeof thrown.code !== "string") {
        throw new Error("decode threw another error", { cause: thrown })
      }
      return { kind: thrown.code, thrown }
    }
  }
}

/** Asking takes no counters. */
function snapshot(topic) {
  const { sending, state } = topic.snapshot(true)
  return `${toHex(state)} ${toHex(sending)}`
}

/** The one thing that is counted: a far jump that was not genuine, in one byte. [TOPIC-2-6] */
function isFalseJump(before, after) {
  if (before.length !== after.length) return false
  const changed = new Set()
  for (let i = 0; i < before.length; i++) if (before[i] !== after[i]) changed.add(i >> 1)
  return changed.size === 1
}

function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
}

function fromHex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
