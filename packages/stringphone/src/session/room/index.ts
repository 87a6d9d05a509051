export { openRoom, RoomSession } from "./room-session.js"
export type {
  OpenRoomOptions,
  RoomEvent,
  RoomJoinOutcome,
  RoomMember,
  RoomMessage,
  RoomRequest,
  RoomSessionApi,
  RoomStatus,
  RoomTiming,
  StartRoomOptions,
} from "./room-types.js"
