/**
 * Rooms of our own, without any I/O: spec/room.md. Most programs want `openRoom` of
 * `stringphone/session/room`, which runs this over a store and a channel.
 */
export {
  type Asking,
  Effects,
  type HeardText,
  type MemberFacts,
  type RoomMachineEvent,
  type RoomSend,
} from "./effects.js"
export { Member } from "./member.js"
export type { RoomPorts } from "./ports.js"
export { Presence } from "./presence.js"
export { type Founding, memberByIdentity, Room, type RoomPhase } from "./room.js"
export { roomDigits } from "./digits.js"
export { defaultTiming, type RoomTime, type RoomTiming } from "./time.js"
export { decodeRoomPacket, type RoomPacket } from "./wire/packet.js"
