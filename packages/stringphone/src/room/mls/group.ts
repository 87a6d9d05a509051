/**
 * A group under MLS (RFC 9420), suite MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519 (0x0003).
 * Nobody is ever added: members join by external commit. Hence no node has unmerged leaves.
 *
 * Every function leaves the group it is given as it was; a throw means that nothing happened, and
 * whoever keeps an older group can go on from there. So keys that are used up are dropped, never
 * overwritten: an older group may still hold them.
 */
export { Group, authenticatorBytes, maxLeaves, retainedEpochs, roomIdBytes } from "./state.js"
export { createGroup, groupInfo, joinByExternalCommit, leavesOfGroupInfo } from "./entry.js"
export { exportSecret, forget, inspect, open, rewind, seal } from "./messages.js"
export { apply, commit } from "./commits.js"
export { decodeGroup, encodeGroup } from "./saved.js"
export { WrongEpoch } from "./failure.js"
export type * from "./types.js"
