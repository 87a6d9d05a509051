import { UsageError } from "stringphone/bytes"
import type { Device, LoginProgress, LoginSession, SessionStatus } from "stringphone/session/login"
import type { LoginPlaces } from "../lib/home-info.ts"
import { payloadText, visible } from "../lib/peer-text.ts"
import { codeOf, sentenceOf } from "../lib/sentence.ts"
import { refusalOf } from "./exchange-words.ts"
import { type CallMode, OwnCall } from "./own-call.svelte.ts"
import type { OwnExchanges } from "./own-exchanges.ts"

/** What came of the last call. */
export interface CallResult {
  /** As in `GET /api/devices`. */
  readonly title: string
  /** `null`: without a login. */
  readonly mode: CallMode | null
  /** `null`: no answer, or none that is proven. */
  readonly status: number | null
  readonly text: string
  /** What it means. */
  readonly sentence: string
  readonly isBad: boolean
}

export interface SessionCircumstances {
  readonly places: LoginPlaces
  readonly own: OwnExchanges
  /** It lives no longer, and why. */
  readonly onEnded: (sentence: string) => void
  /** Draws before work that holds up the page. */
  readonly onProgress: (step: LoginProgress | null) => void
}

/** The login of this phone: its calls, and its user's devices. */
export class LiveSession {
  status = $state.raw<SessionStatus>(undefined as never)
  devices = $state.raw<readonly Device[] | null>(null)
  result = $state.raw<CallResult | null>(null)
  /** What is being done. */
  busy = $state<string | null>(null)
  readonly #session: LoginSession
  readonly #around: SessionCircumstances

  constructor(session: LoginSession, status: SessionStatus, around: SessionCircumstances) {
    this.#session = session
    this.#around = around
    this.status = status
  }

  async call(mode: CallMode, method: string, path: string, body = ""): Promise<void> {
    const call = new OwnCall(mode, method, this.#around.places.api + path, body)
    await this.#do(path, async () => {
      const send = mode === "sealed" ? this.#session.fetch : this.#session.signedFetch
      const content = body && { body, headers: { "content-type": "application/json" } }
      const title = `${method} ${call.path}`
      this.result = null
      try {
        this.result = await this.#around.own.during(call, async () => {
          const response = await send(call.path, { method, ...(content || {}) })
          const text = payloadText(new Uint8Array(await response.arrayBuffer()))
          call.answer = { status: response.status, text }
          const isBad = response.status >= 400
          const sentence = isBad
            ? "Proven to be the home’s answer: it says no."
            : "Proven: the home’s answer to this call, and to no other."
          return { title, mode, status: response.status, text, sentence, isBad }
        })
      } catch (error) {
        this.result = {
          title,
          mode,
          status: null,
          text: "",
          sentence: sentenceOf(error),
          isBad: true,
        }
        throw error
      }
    }).catch(() => undefined) // It is in the result.
  }

  /** As anybody in the network can. */
  async callBare(method: string, path: string): Promise<void> {
    const target = this.#around.places.api + path
    const title = `${method} ${target}`
    await this.#do("bare", async () => {
      const sent = { method, target, signature: null, body: new Uint8Array() }
      this.#around.own.add(sent, { kind: "bare" })
      this.result = null
      try {
        const response = await fetch(target, { method, credentials: "omit", cache: "no-store" })
        const name = response.headers.get("stringphone-error")
        const text = payloadText(new Uint8Array(await response.arrayBuffer()))
        const isBad = name === null
        const sentence = isBad
          ? "The home answers somebody whom it does not know. It must not."
          : `Refused: “${visible(name)}”. ${refusalOf(name)}`
        this.result = { title, mode: null, status: response.status, text, sentence, isBad }
      } catch {
        const sentence = "The home does not answer. Is “stringphone up” running?"
        this.result = { title, mode: null, status: null, text: "", sentence, isBad: true }
      }
    })
  }

  /** @throws what a person has to be told */
  async refreshDevices(): Promise<void> {
    await this.#manage("devices", "GET", "/devices", async () => {
      this.devices = await this.#session.devices()
      return { status: 200, text: `${this.devices.length} devices` }
    })
  }

  /** @throws what a person has to be told */
  async revoke({ session }: Device): Promise<void> {
    await this.#manage("revoke", "DELETE", `/devices/${session}`, async () => {
      await this.#session.revoke(session)
      return { status: 204, text: "" }
    })
    await this.refreshDevices()
  }

  /** @throws what a person has to be told */
  async changePassword(
    oldPassword: string,
    newPassword: string,
    endsOthers: boolean,
  ): Promise<void> {
    const { onProgress } = this.#around
    try {
      await this.#do("password", () =>
        this.#session.changePassword({ oldPassword, newPassword, endsOthers, onProgress }),
      )
    } finally {
      onProgress(null)
    }
    if (endsOthers) await this.refreshDevices()
  }

  /** At the home, too. @throws what a person has to be told */
  async logOut(): Promise<void> {
    const path = `/devices/${this.status.session}`
    await this.#manage("logout", "DELETE", path, async () => {
      await this.#session.logout()
      return { status: 204, text: "" }
    })
  }

  /** On this phone alone. */
  async forget(): Promise<void> {
    await this.#session.forget()
  }

  async #manage(
    what: string,
    method: string,
    path: string,
    work: () => Promise<NonNullable<OwnCall["answer"]>>,
  ): Promise<void> {
    const { own, places } = this.#around
    const call = new OwnCall("sealed", method, places.base + path)
    await this.#do(what, () =>
      own.during(call, async () => {
        call.answer = await work()
      }),
    )
  }

  /** One at a time: what is sent meanwhile belongs to it. */
  async #do(what: string, work: () => Promise<void>): Promise<void> {
    if (this.busy !== null) throw new UsageError("busy", "Wait until the last one is done.")
    this.busy = what
    try {
      await work()
      this.status = await this.#session.status().catch(() => this.status)
    } catch (error) {
      const code = codeOf(error)
      if (code === "revoked" || code === "logged-out") this.#around.onEnded(sentenceOf(error))
      throw error
    } finally {
      this.busy = null
    }
  }
}
