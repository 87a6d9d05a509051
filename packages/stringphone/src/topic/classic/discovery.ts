import { sameBytes } from "../../bytes/index.js"

/**
 * Discovery as a person runs it, spec/topic-classic.md §5: a pairing window that a person opens
 * for a while lists who introduced itself and who replied; the person decides on each. Outside
 * the window, nobody is listed; nothing is ever trusted by itself.
 */
export type DiscoveryState =
  | { readonly phase: "closed" }
  | {
      readonly phase: "open"
      readonly untilMs: number
      /** Not decided yet, in the order of arrival. */
      readonly requests: readonly JoinRequest[]
      /** Decided in this window: asked once is enough. */
      readonly decided: readonly Uint8Array[]
    }

/** Somebody wants to be trusted. Nothing is proven but possession of the key, and that only by `introduction`. */
export interface JoinRequest {
  /** `introduction`: wants the topic key from us. `reply`: offers us the topic key. */
  readonly kind: "introduction" | "reply"
  /** Ed25519, 32 bytes, as claimed. */
  readonly publicKey: Uint8Array
  /**
   * One for each encryption key, at most {@link maxOffers}. Several replies: somebody answers in
   * another's name. Several introductions: an old one was repeated.
   */
  readonly offers: readonly Offer[]
}

/** One message that asks for trust. */
export interface Offer {
  /** X25519, 32 bytes. */
  readonly encryptionKey: Uint8Array
  /** The whole message, as it came. */
  readonly message: Uint8Array
}

export type DiscoveryEvent =
  | { readonly kind: "open"; readonly nowMs: number; readonly forMs: number }
  | { readonly kind: "heard"; readonly nowMs: number; readonly heard: Heard }
  | { readonly kind: "decide"; readonly publicKey: Uint8Array }
  | { readonly kind: "tick"; readonly nowMs: number }
  | { readonly kind: "close" }

/** An introduction with a right signature, or a reply that is for us and opens. */
export interface Heard extends Offer {
  readonly kind: JoinRequest["kind"]
  readonly publicKey: Uint8Array
}

export type DiscoveryEffect =
  | { readonly kind: "request"; readonly request: JoinRequest }
  | { readonly kind: "crowded" }
  | { readonly kind: "closed"; readonly because: "time" | "person" }

/** More requests than this in one window are not listed: somebody is flooding the channel. */
export const maxRequests = 16
/** More messages of one sender than this are not kept. */
export const maxOffers = 4

export const closedDiscovery: DiscoveryState = { phase: "closed" }

export function stepDiscovery(
  state: DiscoveryState,
  event: DiscoveryEvent,
): readonly [DiscoveryState, readonly DiscoveryEffect[]] {
  if (event.kind === "open") {
    const untilMs = event.nowMs + event.forMs
    return [{ phase: "open", untilMs, requests: [], decided: [] }, []]
  }
  if (state.phase === "closed") return [state, []]
  if ("nowMs" in event && event.nowMs >= state.untilMs) return close("time") // [CLASSIC-5-2]
  switch (event.kind) {
    case "tick":
      return [state, []]
    case "close":
      return close("person")
    case "heard":
      return hear(state, event.heard)
    case "decide": {
      const requests = state.requests.filter(
        (request) => !sameBytes(request.publicKey, event.publicKey),
      )
      return [{ ...state, requests, decided: [...state.decided, event.publicKey] }, []]
    }
  }
}

type Open = Extract<DiscoveryState, { phase: "open" }>

function hear(state: Open, heard: Heard): readonly [DiscoveryState, readonly DiscoveryEffect[]] {
  const same = (key: Uint8Array): boolean => sameBytes(key, heard.publicKey)
  if (state.decided.some(same)) return [state, []] // [CLASSIC-5-4]
  const { kind, publicKey, encryptionKey, message } = heard
  const known = state.requests.find((request) => same(request.publicKey) && request.kind === kind)
  const offers = known?.offers ?? []
  const repeated = offers.some((offer) => sameBytes(offer.encryptionKey, encryptionKey))
  if (repeated || offers.length >= maxOffers) return [state, []] // [CLASSIC-5-5]
  const request = { kind, publicKey, offers: [...offers, { encryptionKey, message }] }
  const effects = [{ kind: "request", request }] as const
  if (known) {
    const requests = state.requests.map((other) => (other === known ? request : other))
    return [{ ...state, requests }, effects]
  }
  if (state.requests.length >= maxRequests) return [state, [{ kind: "crowded" }]] // [CLASSIC-5-3]
  return [{ ...state, requests: [...state.requests, request] }, effects]
}

function close(because: "time" | "person"): readonly [DiscoveryState, readonly DiscoveryEffect[]] {
  return [closedDiscovery, [{ kind: "closed", because }]]
}
