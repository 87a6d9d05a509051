import type { PeerError } from "../bytes/index.js"

/** A member, as the room's tree shows it. */
export interface MemberFacts {
  readonly leaf: number
  /** Ed25519, 32 bytes: signs in this room only. */
  readonly roomKey: Uint8Array
  /** Ed25519, 32 bytes. */
  readonly identityKey: Uint8Array
  /** A suggestion, and may be anything. */
  readonly ownName: string
}

/** Somebody who asks to be let in. */
export interface Asking {
  /** The attempt, 16 hexadecimal digits. */
  readonly id: string
  readonly identityKey: Uint8Array
  readonly ownName: string
  readonly channelName: string | null
}

/** A text of the room. */
export interface HeardText {
  readonly from: MemberFacts
  readonly isOwn: boolean
  readonly id: Uint8Array
  readonly text: string
  readonly epoch: number
  /** Milliseconds since 1970, by the sender's clock. */
  readonly sentAt: number
  readonly isLate: boolean
  readonly isFromOtherSide: boolean
}

export type RoomMachineEvent =
  | { readonly kind: "message"; readonly message: HeardText }
  | { readonly kind: "joined"; readonly member: MemberFacts }
  | {
      readonly kind: "left"
      readonly member: MemberFacts
      readonly by: MemberFacts
      readonly reason: "left" | "removed" | "absent"
    }
  | {
      readonly kind: "captain"
      readonly captain: MemberFacts
      readonly how: "start" | "abdication" | "vote" | "takeover"
    }
  | { readonly kind: "gap"; readonly seenBy: MemberFacts; readonly missing: number }
  | { readonly kind: "split"; readonly with: MemberFacts | null; readonly explanation: string }
  | { readonly kind: "healed" }
  | { readonly kind: "election"; readonly candidate: MemberFacts; readonly explanation: string }
  | { readonly kind: "request"; readonly request: Asking }
  | { readonly kind: "removed"; readonly by: MemberFacts }
  /** How our attempt to come in ended. */
  | { readonly kind: "entered" }
  | { readonly kind: "declined"; readonly reason: string }
  | { readonly kind: "no-room" }
  | { readonly kind: "rejected"; readonly error: PeerError; readonly encoded: Uint8Array }

export interface RoomSend {
  readonly bytes: Uint8Array
  /** This one alone, by its name on the channel, where the channel can. */
  readonly to: string | null
}

/**
 * What a transition wants done, in this order: save, send, tell. `log` is the small record of one
 * message, `all` the whole room.
 */
export class Effects {
  save: "nothing" | "log" | "all" = "nothing"
  readonly sends: RoomSend[] = []
  readonly events: RoomMachineEvent[] = []

  saveLog(): void {
    if (this.save === "nothing") this.save = "log"
  }

  saveAll(): void {
    this.save = "all"
  }

  send(bytes: Uint8Array, to: string | null = null): void {
    this.sends.push({ bytes, to })
  }

  tell(event: RoomMachineEvent): void {
    this.events.push(event)
  }
}
