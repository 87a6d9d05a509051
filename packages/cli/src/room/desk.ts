import { PeerError, ChannelError, UsageError } from "stringphone/bytes"
import type { RoomEvent, RoomMessage, RoomStatus } from "stringphone/session/room"
import { visible } from "../terminal/escape.js"
import { type CommandPlace, type CommandResult, runCommand } from "./command-runner.js"
import { eventNote, note } from "./event-note.js"
import { memberName } from "./member-name.js"
import { asAction } from "./peer-text.js"
import { RequestBook } from "./request-book.js"
import { reportStatus } from "./report.js"
import { readTyped } from "./room-command.js"
import type { Shown } from "./shown.js"
import { silenceReason, type Surroundings } from "./status-text.js"

export interface DeskOptions extends Omit<CommandPlace, "requests"> {
  /** The channel's name for people. */
  readonly channel: string
  readonly show: (shown: Shown) => void
  /** The status or what surrounds it is different now. */
  readonly onChange: () => void
}

/** What became of an input. `refusal`: nothing happened, and why; the person keeps the text. */
export type Taken =
  { readonly refusal: string } | { readonly done: Promise<"done" | "quit" | "left" | "unsent"> }

/** Between a session and what a person sees and types; the same for the screen and for plain lines. */
export class RoomDesk {
  readonly #options: DeskOptions
  readonly #requests = new RequestBook()
  readonly #shownIds = new Set<string>()
  #sent: Promise<unknown> = Promise.resolve()
  #sending = 0
  #isConnected = true
  #cleartextAtMs = -Infinity

  constructor(options: DeskOptions) {
    this.#options = options
  }

  get status(): RoomStatus {
    return this.#options.session.status
  }

  get surroundings(): Surroundings {
    return {
      channel: this.#options.channel,
      isConnected: this.#isConnected,
      sawCleartext: Date.now() - this.#cleartextAtMs < cleartextMs,
      sending: this.#sending,
    }
  }

  /** Names that Tab completes. */
  get names(): readonly string[] {
    return this.status.members.filter(({ isSelf }) => !isSelf).map(memberName)
  }

  /** Shows all messages until the session is closed. */
  async read(): Promise<void> {
    for await (const message of this.#options.session.messages) this.#showMessage(message)
  }

  hear(event: RoomEvent): void {
    if (event.kind === "channel" && event.event.kind === "status") {
      const isConnected = event.event.status === "open"
      const isNews = isConnected !== this.#isConnected
      this.#isConnected = isConnected
      // Every attempt to reconnect says why it failed; once is enough.
      if (!isNews) return
    }
    if (event.kind === "cleartext") this.#cleartextAtMs = Date.now()
    const request = event.kind === "request" ? this.#requests.meet(event.request) : null
    const shown = request ?? eventNote(event)
    if (shown) this.#options.show(shown)
    this.#options.onChange()
  }

  /** We are in, now or since an earlier run. */
  greet(): void {
    const { address, channel } = this.#options
    this.#options.show(
      note("plain", `You are in the room at ${channel}. /help shows what can be typed.`, {
        event: "entered",
        address,
        ...reportStatus(this.status),
      }),
    )
    this.#options.onChange()
  }

  /** One input: text is said, a command obeyed. */
  take(input: string): Taken {
    try {
      const typed = readTyped(input)
      if (typed.kind === "command" && typed.name !== "me") {
        return { done: this.#obey(typed.name, typed.rest) }
      }
      return this.takeText(typed.kind === "text" ? typed.text : asAction(typed.rest))
    } catch (error) {
      return { refusal: errorText(error) }
    }
  }

  /** As {@link take}, but whatever it is, it is said. Not keyed means not sent. */
  takeText(text: string): Taken {
    const reason = silenceReason(this.status)
    return reason === null ? { done: this.#say(text) } : { refusal: reason }
  }

  /** Everything that was taken is sent, or failed. */
  async settled(): Promise<void> {
    await this.#sent
  }

  async #obey(name: string, rest: string): Promise<"done" | "quit" | "left"> {
    const { address, ring, session } = this.#options
    const place = { address, ring, session, requests: this.#requests }
    try {
      const result: CommandResult = await runCommand(place, name, rest)
      if (result === "quit" || result === "left") return result
      if (result !== "told") this.#options.show(result)
    } catch (error) {
      this.#options.show(failureNote(error))
    }
    this.#options.onChange()
    return "done"
  }

  async #say(text: string): Promise<"done" | "unsent"> {
    this.#sending += 1
    // One after the other, in the order in which they were typed.
    const said = this.#sent.then(() => this.#options.session.say(text))
    this.#sent = said.catch(() => {})
    try {
      this.#showMessage(await said)
      return "done"
    } catch (error) {
      this.#options.show(failureNote(error, "Not sent. "))
      return "unsent"
    } finally {
      this.#sending -= 1
      this.#options.onChange()
    }
  }

  #showMessage(message: RoomMessage): void {
    if (this.#shownIds.has(message.id)) return
    this.#shownIds.add(message.id)
    // Only what was said just now can come twice.
    if (this.#shownIds.size > maxShownIds) {
      this.#shownIds.delete([...this.#shownIds.values()].at(0) ?? "")
    }
    this.#options.show({ kind: "message", message })
  }
}

const maxShownIds = 1_000
const cleartextMs = 120_000

function failureNote(error: unknown, before = ""): Shown {
  return note("warn", before + errorText(error), {
    event: "failed",
    code: isKnown(error) ? error.code : "unexpected",
    message: errorText(error),
  })
}

function errorText(error: unknown): string {
  return visible(error instanceof Error ? error.message : String(error))
}

function isKnown(error: unknown): error is UsageError | PeerError | ChannelError {
  return error instanceof UsageError || error instanceof PeerError || error instanceof ChannelError
}
