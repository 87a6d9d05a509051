import type { ClassicRoomNotice } from "../../room/classic/index.js"

/** What a notice means, and what to do. `nameOf` makes a key and a nick safe to show. */
export function explain(
  notice: ClassicRoomNotice,
  nameOf: (seen: { readonly nick: string; readonly identityKey: Uint8Array }) => string,
): string {
  switch (notice.kind) {
    case "channel-not-empty":
      return `You lead a room now, but ${notice.others.length} others were on the channel before: one of them may lead a room already.`
    case "joined":
      return `You are in the room of ${nameOf(notice.captain)}. What you say is encrypted.`
    case "rekeyed":
      return `The room has a new key, number ${notice.counter}.`
    case "left-out":
      return `${nameOf(notice.captain)} gave the others a new key and you none. Join again.`
    case "captain-gone":
      return `${nameOf(notice.captain)} led this room and is gone, so the room is over. Nothing more is sent.`
    case "room-over":
      return "You are off the channel, so you are in its room no more. Join again when you are back."
    case "unverified-captain":
      return `${nameOf(notice.captain)} leads a room here and is no trusted contact. Compare keys, trust the key, and join again.`
    case "other-captain":
      return `${nameOf(notice.captain)} gives out room keys too, and is not your captain. They were not taken.`
    case "admitted":
      return `${nameOf(notice.member)} is a trusted contact and was let in.`
    case "removed":
      return `${nameOf(notice.member)} is out of the room (${notice.reason}); the others have a new key.`
    case "request":
      return `${nameOf(notice.joiner)} asks to be let in and is no trusted contact. Compare keys and trust the key to let them in.`
    case "introduced":
      return `${nameOf(notice.person)} introduced themselves. That proves nothing: compare keys before you trust this one.`
    case "replayed":
      return `Somebody repeated an old ${notice.what} in the name of ${notice.nick}. It was dropped.`
    case "unreadable":
      return `${notice.nick} sent something encrypted that no key of yours opens. Join the room, or ask them to say it again.`
    case "rejected":
      return `${notice.message} It came in the name of ${notice.nick}.`
  }
}
