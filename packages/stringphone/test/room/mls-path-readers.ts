import { decryptWithLabel } from "ts-mls/crypto/hpke.js"
import { internalsOf } from "../../src/room/mls/state.js"
import {
  decodeMlsMessage,
  encodeGroupContext,
  unprotectPrivateMessage,
  type UpdatePath,
} from "../../src/room/mls/ts-mls.js"
import type { Group } from "../../src/room/mls/group.js"

/**
 * Whether somebody's keys open any of the secrets that a commit brings, rules aside.
 *
 * @param before a member who takes the commit, and who tells what it says
 * @param after the same member in the next epoch
 */
export async function canReadPath(
  who: Group,
  message: Uint8Array,
  before: Group,
  after: Group,
): Promise<boolean> {
  const { suite } = internalsOf(who)
  const path = await pathOf(message, before)
  const context = encodeGroupContext({
    ...internalsOf(after).state.groupContext,
    confirmedTranscriptHash: internalsOf(before).state.groupContext.confirmedTranscriptHash,
  })
  const keys = await Promise.all(
    Object.values(internalsOf(who).state.privatePath.privateKeys).map(suite.hpke.importPrivateKey),
  )
  for (const { ciphertext, kemOutput } of path.nodes.flatMap((node) => node.encryptedPathSecret)) {
    for (const key of keys) {
      const opened = await decryptWithLabel(
        key,
        "UpdatePathNode",
        context,
        kemOutput,
        ciphertext,
        suite.hpke,
      ).then(
        () => true,
        () => false,
      )
      if (opened) return true
    }
  }
  return false
}

async function pathOf(message: Uint8Array, member: Group): Promise<UpdatePath> {
  const found = decodeMlsMessage(message, 0)?.[0]
  const { state, suite } = internalsOf(member)
  let content
  if (found?.wireformat === "mls_private_message") {
    const opened = await unprotectPrivateMessage(
      state.keySchedule.senderDataSecret,
      found.privateMessage,
      state.secretTree,
      state.ratchetTree,
      state.groupContext,
      state.clientConfig.keyRetentionConfig,
      suite,
    )
    content = opened.content.content
  } else if (found?.wireformat === "mls_public_message") content = found.publicMessage.content
  if (content?.contentType !== "commit" || content.commit.path === undefined) {
    throw new Error("This is no commit with a path.")
  }
  return content.commit.path
}
