export type { RandomBytes } from "../../bytes/index.js"
export { MalformedPacketError } from "./errors.js"
export { fragment, isFragment, maxFragments, maxPieceChars, Reassembler } from "./fragments.js"
export type { IncomingFragment, ReassemblerLimits } from "./fragments.js"
export { claimedIdentity, decodePacket, encodePacket, verifyPacket } from "./packet.js"
export type { Packet } from "./packet.js"
export {
  isUsableParticipantKey,
  openRoomMessage,
  openRoomMessageKey,
  packetSigner,
  sealRoomMessage,
  sealRoomMessageKey,
  signIntroduction,
  signRoomJoin,
} from "./seal.js"
export type { KeyTransportContent, PacketSigner } from "./seal.js"
export { outsideClassicRoom } from "./state.js"
export type {
  ClassicRoomContext,
  ClassicRoomEffect,
  ClassicRoomEvent,
  ClassicRoomNotice,
  ClassicRoomState,
  ClassicRoomStep,
  HeardMessage,
  Seen,
} from "./state.js"
export { stepClassicRoom } from "./step.js"
export type { Introduction } from "./wire/introduction.js"
export type { KeyTransport } from "./wire/key-transport.js"
export type { RoomJoin } from "./wire/room-join.js"
export type { RoomMessage } from "./wire/room-message.js"
