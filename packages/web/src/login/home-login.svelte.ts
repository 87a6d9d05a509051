import { PeerError } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import type {
  Fetch,
  LoginProgress,
  LoginSession,
  OfferedServer,
  SessionStatus,
} from "stringphone/session/login"
import type { LoginPlaces } from "../lib/home-info.ts"
import { painted } from "../lib/painted.ts"
import { codeOf, sentenceOf } from "../lib/sentence.ts"
import type * as Engine from "./engine.ts"
import { targetOf } from "./exchange.ts"
import { LiveSession } from "./live-session.svelte.ts"
import { LoginWire } from "./login-wire.svelte.ts"

const usedInvitation =
  "The server says no: perhaps this invitation was used already, or is over. Whoever registered with it logs in by password; for all others there has to be another one."

export type LoginStage =
  /** No home, or nobody looked yet. */
  | "closed"
  | "opening"
  /** This part of the page did not come. */
  | "broken"
  | "out"
  | "in"

/** What an invitation says before anybody is asked. */
export interface ReadInvitation {
  readonly text: string
  readonly realm: string
  readonly serverKey: Uint8Array
  /** Empty: the user chooses. */
  readonly login: string
}

/** A server that this phone has not met, until a person compared its words. */
export interface Offer extends OfferedServer {
  readonly answer: (isRight: boolean) => void
}

export interface Credentials {
  readonly login: string
  readonly password: string
  readonly device: string
}

/** Whether this phone is logged in to the home's API. What it keeps is in its key ring. */
export class HomeLogin {
  stage = $state<LoginStage>("closed")
  live = $state.raw<LiveSession | null>(null)
  progress = $state<LoginProgress | null>(null)
  offer = $state.raw<Offer | null>(null)
  /** Why nobody is logged in any more, or what did not come. */
  trouble = $state("")
  /** Who was logged in before that. */
  former = $state("")
  readonly wire = new LoginWire()
  places = $state.raw<LoginPlaces | null>(null)
  #ring: KeyRing | null = null
  #engine: typeof Engine | null = null

  open(ring: KeyRing, places: LoginPlaces | null): void {
    this.wire.own.come()
    this.#ring = ring
    this.places = places
    this.stage = "closed"
  }

  /** The page closes, or another tab takes over. */
  close(): void {
    this.decline()
    this.wire.own.leave()
    this.#ring = null
    this.places = null
    this.live = null
    this.stage = "closed"
  }

  /** Whoever looks for the session that this phone has. */
  async enter(): Promise<void> {
    if (!this.places || !this.#ring || this.stage === "opening" || this.stage === "in") return
    this.stage = "opening"
    this.trouble = ""
    const ring = this.#ring
    try {
      this.#engine = await import("./engine.ts")
      await this.#resume()
    } catch (error) {
      if (this.#ring !== ring) return
      this.trouble = sentenceOf(error)
      this.stage = "broken"
    }
  }

  /** @throws {UsageError} `bad-invitation`: what a person has to be told */
  readInvitation(text: string): ReadInvitation {
    if (!this.#engine) throw new Error("The engine is not loaded")
    const { login, realm, serverKey } = this.#engine.readInvitationText(text)
    return { text, login, realm, serverKey }
  }

  /** @throws what a person has to be told */
  async register(
    invitation: ReadInvitation,
    { device, login, password }: Credentials,
  ): Promise<void> {
    const registering = this.#attempt((engine, store, fetch) =>
      engine.register({
        invitation: invitation.text,
        ...(invitation.login === "" && { login }),
        ...{ password, device, store, fetch },
        onProgress: (step) => void (this.progress = step),
      }),
    )
    await registering.catch((error: unknown) => {
      if (codeOf(error) !== "denied") throw error
      throw new PeerError("denied", usedInvitation, { cause: error })
    })
  }

  /** @throws what a person has to be told */
  async logIn({ device, login, password }: Credentials): Promise<void> {
    await this.#attempt((engine, store, fetch, { base, realm }) =>
      engine.login({
        url: location.origin + base,
        ...{ realm, login, password, device, store, fetch },
        onProgress: (step) => void (this.progress = step),
        confirm: (server) => this.#ask(server),
      }),
    )
  }

  /** Whoever goes has not said yes. */
  decline(): void {
    this.offer?.answer(false)
  }

  async logOut(): Promise<void> {
    await this.live?.logOut()
    this.#out("")
  }

  async forgetSession(): Promise<void> {
    await this.live?.forget()
    this.#out("")
  }

  async #attempt(
    begin: (
      engine: typeof Engine,
      store: KeyRing["store"],
      fetch: Fetch,
      places: LoginPlaces,
    ) => Promise<LoginSession>,
  ): Promise<void> {
    const { places } = this
    const engine = this.#engine
    const ring = this.#ring
    if (!engine || !ring || !places || this.progress) return
    this.progress = "asking"
    try {
      await begin(engine, ring.store, this.#fetch, places)
      await this.#resume()
    } finally {
      this.progress = null
    }
  }

  /** The home may be known by several addresses; this page calls the one that it came from. */
  async #resume(): Promise<void> {
    const { places } = this
    const ring = this.#ring
    if (!this.#engine || !ring || !places) return
    const session = await this.#sessionIn(ring, places)
    const status = await session?.status()
    if (this.#ring !== ring) return
    if (!session || !status) return this.#out("")
    this.live = this.#liveOf(session, status, places)
    this.trouble = ""
    this.stage = "in"
  }

  async #sessionIn(ring: KeyRing, { base, realm }: LoginPlaces): Promise<LoginSession | null> {
    if (!this.#engine) return null
    const { store } = ring
    for (const one of await this.#engine.openSessions({ store })) {
      const { login, realm: its } = await one.status()
      if (its !== realm) continue
      const url = location.origin + base
      return this.#engine.openSession({ store, url, realm, login, fetch: this.#fetch })
    }
    return null
  }

  #liveOf(session: LoginSession, status: SessionStatus, places: LoginPlaces): LiveSession {
    const { own } = this.wire
    return new LiveSession(session, status, {
      ...{ places, own },
      onEnded: (sentence) => this.#out(sentence),
      onProgress: (step) => void (this.progress = step),
    })
  }

  #out(trouble: string): void {
    this.former = this.live?.status.login ?? ""
    this.live = null
    this.trouble = trouble
    this.stage = "out"
  }

  async #ask(server: OfferedServer): Promise<boolean> {
    const isRight = await new Promise<boolean>((answer) => (this.offer = { ...server, answer }))
    this.offer = null
    if (isRight) await painted()
    return isRight
  }

  /**
   * To the home that this page came from, whatever address an invitation has: who answers is proven by keys.
   * After an answer the password is computed with, so that it is drawn before.
   */
  readonly #fetch: Fetch = async (url, init) => {
    const answer = await this.wire.own.fetch(location.origin + targetOf(url), init)
    if (this.progress === "asking") {
      this.progress = "computing"
      await painted()
    }
    return answer
  }
}
