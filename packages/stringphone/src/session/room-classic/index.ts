export { ClassicRoomSession, openClassicRoom } from "./classic-room.js"
export type {
  ClassicJoinOptions,
  ClassicJoinOutcome,
  ClassicRoomEvent,
  ClassicRoomMessage,
  ClassicRoomOptions,
  ClassicRoomPerson,
  ClassicRoomStatus,
  TrustKeyOptions,
} from "./classic-room-types.js"
