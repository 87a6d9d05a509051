/** Why a message was refused, by its code, in people's words. */
const words: ReadonlyMap<string, string> = new Map(
  Object.entries({
    replayed: "It came before: somebody recorded it and sent it again.",
    "not-authentic": "It was changed on the way, or made by somebody who has no key of this home.",
    "bad-signature": "It is not signed by whom it names: somebody writes in the name of another.",
    malformed: "It is no message: bytes that somebody made up, or damaged.",
    stale: "It came too late to count: somebody held it back.",
    "from-the-future": "It says that it was sent in the future: compare the clocks.",
    "too-far-ahead": "Its number is too high to be believed.",
    "removed-participant": "It is by somebody who was removed.",
    "revoked-contact": "It is by somebody whose key you revoked.",
    resynchronising: "It may be older than what this phone forgot. Newer ones count.",
    "old-rekey": "It brings an old key back. The newer one stays.",
    "not-an-admin": "It changes who is in the home, and is not by an admin.",
    "other-topic": "It belongs to another topic.",
    "not-the-host": "It lets this phone in, but is not by the device you compared with.",
    "bad-commitment": "While pairing, somebody did not show what it had announced.",
    "bad-key": "While pairing, somebody sent a key that opens everything.",
  }),
)

/** @param message the library's own sentence, for codes that are not known here */
export function rejectionText(code: string, message: string): string {
  return words.get(code) ?? message
}
