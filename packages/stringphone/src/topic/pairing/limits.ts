/** How long a window is open unless somebody says otherwise. [TOPIC-9-7] */
export const defaultWindowMs = 60_000
/** The longest window that opens. */
export const maxWindowMs = 600_000
/** How long two persons may compare, also when the window is over meanwhile. */
export const comparisonMs = 180_000
/**
 * How much longer than the comparison a joiner waits for its host: the host's own 180 s begin a
 * little earlier or later. It is also what a host gives a joiner that scanned, where nobody compares.
 */
export const graceMs = 30_000
/** Who waits repeats its last message so often. [TOPIC-9-11] */
export const repeatMs = 2_000
/** A joiner that was silent for so long makes room for another one. */
export const answerMs = 10_000
/** How long a host answers a repeated '5' with the rekey message once more. */
export const repeatRekeyMs: number = comparisonMs + graceMs
/** Joiners that wait for their turn, at most. [TOPIC-9-7] */
export const maxWaiting = 8
/** So many sessions that end in a window other than paired close it. [TOPIC-9-7] */
export const maxFailures = 3
