// ts-mls by itself, with our provider: the state of somebody in our group as the library keeps it, and
// the library's own functions on it. Its authentication service is ours; without one it takes anybody.
import { randomBytes } from "stringphone/crypto"
import { createCommit } from "ts-mls/createCommit.js"
import { createApplicationMessage } from "ts-mls/createMessage.js"
import { decodeMlsMessage, encodeMlsMessage } from "ts-mls/message.js"
import { processPrivateMessage, processPublicMessage } from "ts-mls/processMessages.js"
import { emptyPskIndex } from "ts-mls/pskIndex.js"
import { suiteOn } from "../dist/room/mls/provider.js"
import { internalsOf } from "../dist/room/mls/state.js"

const suite = suiteOn(randomBytes)
const [version, wireformat] = ["mls10", "mls_private_message"]

/** What ts-mls has of a group of ours. What we leave out of it, comes back with its next epoch. */
export function stateOf(group) {
  return internalsOf(group).state
}

/** Takes a commit, or a newcomer's entry. */
export async function apply(state, message) {
  const decoded = decodeMlsMessage(message, 0)[0]
  const { newState } =
    decoded.wireformat === wireformat
      ? await processPrivateMessage(state, decoded.privateMessage, emptyPskIndex, suite)
      : await processPublicMessage(state, decoded.publicMessage, emptyPskIndex, suite)
  return newState
}

/** @returns the commit, and the state after it */
export async function remove(state, leaf) {
  const extraProposals = [{ proposalType: "remove", remove: { removed: leaf } }]
  const context = { state, cipherSuite: suite }
  const { commit, newState } = await createCommit(context, { extraProposals })
  return { state: newState, message: encodeMlsMessage(commit) }
}

export async function seal(state, payload) {
  const { newState, privateMessage } = await createApplicationMessage(state, payload, suite)
  return {
    state: newState,
    message: encodeMlsMessage({ version, wireformat, privateMessage }),
  }
}

export async function open(state, message) {
  const { privateMessage } = decodeMlsMessage(message, 0)[0]
  const opened = await processPrivateMessage(state, privateMessage, emptyPskIndex, suite)
  return { state: opened.newState, payload: opened.message }
}
