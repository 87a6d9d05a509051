import type { TopicSession } from "stringphone"
import { hex, sameBytes } from "stringphone/bytes"

/** Somebody in the topic. */
export interface Member {
  /** Its Ed25519 key in hexadecimal. */
  readonly key: string
  readonly publicKey: Uint8Array
  readonly isAdmin: boolean
  readonly isSelf: boolean
}

/** The topic as the page shows it. */
export class TopicView {
  standing = $state<TopicSession["standing"]>("outside")
  name = $state("")
  epoch = $state(0)
  isAdmin = $state(false)
  /** Ourselves first, then admins. */
  members = $state.raw<readonly Member[]>([])

  /** Takes over what the session says, where it changed. */
  refresh(session: TopicSession): void {
    this.standing = session.standing
    this.name = session.name
    this.epoch = session.epoch
    this.isAdmin = session.isAdmin && session.standing !== "removed"
    const members = session
      .participants()
      .map(({ publicKey, isAdmin }) => ({
        key: hex(publicKey),
        publicKey,
        isAdmin,
        isSelf: sameBytes(publicKey, session.publicKey),
      }))
      .sort((a, b) => rank(a) - rank(b) || (a.key < b.key ? -1 : 1))
    if (!sameMembers(members, this.members)) this.members = members
  }

  get(key: string): Member | null {
    return this.members.find((member) => member.key === key) ?? null
  }

  /** Whether messages can be read and sent, or soon will be. */
  get isInside(): boolean {
    return this.standing === "member" || this.standing === "waiting"
  }
}

function rank({ isAdmin, isSelf }: Member): number {
  return isSelf ? 0 : isAdmin ? 1 : 2
}

function sameMembers(a: readonly Member[], b: readonly Member[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ isAdmin, key }, i) => key === b[i]?.key && isAdmin === b[i].isAdmin)
  )
}
