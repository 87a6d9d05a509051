import { UsageError } from "stringphone/bytes"
import { fingerprint } from "stringphone/identity"
import type { RoomRequest } from "stringphone/session/room"
import { shownName } from "../member.js"
import { trustText } from "../person.js"
import { note } from "./event-note.js"
import { requestName } from "./member-name.js"
import { channelNick } from "./peer-text.js"
import { reportRequest } from "./report.js"
import type { Shown } from "./shown.js"

/** Who asks to be let in, each with a number that stays while this program runs. */
export class RequestBook {
  readonly #numbers = new Map<string, number>()

  /** What is printed for somebody who asks; `null`: was printed before. */
  meet(request: RoomRequest): Shown | null {
    if (this.#numbers.has(request.id)) return null
    const number = this.#numbers.size + 1
    this.#numbers.set(request.id, number)
    const { channelName, contact, nameClash, publicKey } = request
    const on = channelName === null ? "" : `, on the channel as ${channelNick(channelName)},`
    const known = contact ? `a contact, ${trustText(contact)}` : "not a contact of yours"
    const clash = nameClash
      ? [
          `Careful: your contact ${shownName(nameClash.petname)} has another key. This may be a new device of theirs, or somebody who uses the name.`,
        ]
      : []
    const text = [
      `${requestName(request)}${on} asks to be let in: ${known}.`,
      ...clash,
      `words   ${fingerprint(publicKey).words.join(" ")}`,
      `/admit ${number} lets them in, /decline ${number} REASON does not.`,
    ]
    const report = { event: "request", number, ...reportRequest(request) }
    return note(nameClash ? "bad" : "warn", text.join("\n"), report)
  }

  /**
   * Whom a person means by a number or a name; nothing: the only one who asks.
   * @throws {UsageError} `no-such-request`, `ambiguous-request`
   */
  find(requests: readonly RoomRequest[], text: string): RoomRequest {
    if (text === "" && requests.length > 1) {
      const numbers = requests.map(({ id }) => this.#numbers.get(id)).join(", ")
      throw new UsageError("ambiguous-request", `Several ask. Give a number: ${numbers}.`)
    }
    const found = requests.filter((request) => text === "" || this.#isMeant(request, text))
    if (found.length === 1 && found[0]) return found[0]
    if (found.length > 1) {
      throw new UsageError("ambiguous-request", "Several ask by that name. Give the number.")
    }
    throw new UsageError(
      "no-such-request",
      requests.length === 0 ? "Nobody asks to be let in." : `Nobody of that name or number asks.`,
    )
  }

  #isMeant({ channelName, contact, id, ownName }: RoomRequest, text: string): boolean {
    const names = contact ? [contact.petname] : [ownName, channelName]
    return String(this.#numbers.get(id)) === text || names.includes(text.replace(/^"|"$/g, ""))
  }
}
