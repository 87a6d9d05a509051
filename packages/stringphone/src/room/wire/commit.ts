import { commitContent, decodeFramedMls, encodeFramedMls, type FramedMls } from "./mls-framing.js"

export const commitType = 0x63 // c

/**
 * Commit, spec/room.md §4. Captain, or who becomes it → all.
 *
 * @param mls a PrivateMessage of content type commit, in an MLSMessage
 * @throws {TypeError} when it is something else
 */
export function encodeCommitPacket(mls: Uint8Array): Uint8Array<ArrayBuffer> {
  return encodeFramedMls(commitType, commitContent, mls)
}

/** @throws {PeerError} `malformed` */
export function decodeCommitPacket(bytes: Uint8Array): FramedMls {
  return decodeFramedMls(bytes, commitType, commitContent, "commit")
}
