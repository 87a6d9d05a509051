import type { Command } from "commander"
import { openInvitation, openJoinRequest, type PeerProfile } from "stringphone"
import { takePetname } from "stringphone/identity"
import { parseChannelAddress } from "../channel-address.js"
import type { Context } from "../context.js"
import { confirmed, readLine } from "../input.js"
import { answerOthers, catchUp, withTopic } from "../live-topic.js"
import { shownName } from "../member.js"
import { reportKey } from "../person.js"
import {
  addTopic,
  changeTopic,
  findTopic,
  publicAddresses,
  requireTopic,
  type TopicRecord,
} from "../topic-shelf.js"
import type { KeyRing } from "stringphone/keyring"
import { quoted } from "../wording.js"
import { collect, examples, run } from "./shape.js"
import { requireMembership } from "./topic-send.js"

/**
 * Joining without being there at the same time: two texts, neither of them secret, go by a means that
 * both sides trust.
 */
export function addTopicOfflineCommands(topic: Command): void {
  const request = topic
    .command("request <name>")
    .description("offline, 1: print a text that asks an admin to let you in")
    .option("--at <address>", "where the topic is, if you know already (repeatable)", collect)
    .action(
      run((context, name: string, options: AtOption) => requestToJoin(context, name, options)),
    )
  examples(request, ["--as bob topic request kitchen > request.txt"])

  const invite = topic
    .command("invite <name>")
    .description("offline, 2: print a text that tells who is an admin of which topic (for admins)")
    .action(run((context, name: string) => invite_(context, name)))
  examples(invite, ["topic invite kitchen > invitation.txt"])

  const add = topic
    .command("add <name>")
    .description("offline, 3: let in whose request comes from a prompt or stdin (for admins)")
    .option("--petname <name>", "your name for it (default: what it calls itself)")
    .option("--yes", "do not ask")
    .action(run((context, name: string, options: TextOption) => addByText(context, name, options)))
  examples(add, ["topic add kitchen < request.txt", "topic add kitchen --yes < request.txt"])

  const accept = topic
    .command("accept <name>")
    .description("offline, 4: accept the invitation that comes from a prompt or stdin")
    .option("--at <address>", "where the topic is (repeatable)", collect)
    .option("--petname <name>", "your name for who invites you (default: what it calls itself)")
    .option("--yes", "do not ask")
    .action(
      run((context, name: string, options: TextOption & AtOption) =>
        acceptText(context, name, options),
      ),
    )
  examples(accept, [
    "--as bob topic accept kitchen --at mqtt://127.0.0.1:1883/stringphone/… < invitation.txt",
  ])
}

interface AtOption {
  readonly at?: readonly string[]
}

interface TextOption {
  readonly petname?: string
  readonly yes?: true
}

async function requestToJoin(context: Context, text: string, { at }: AtOption): Promise<void> {
  const name = takePetname(text)
  const addresses = at?.map(parseChannelAddress)
  await context.withRing(async (ring) => {
    const record = await recordFor(ring, name, addresses)
    const request = await withTopic(context, ring, record, { offline: true }, (session) =>
      session.joinRequest(),
    )
    context.progress("Give this text to an admin by a means that you both trust; it is no secret.")
    context.print(request, { topic: name, request })
  })
}

async function invite_(context: Context, name: string): Promise<void> {
  await context.withRing(async (ring) => {
    const record = await requireTopic(ring, name)
    const invitation = await withTopic(
      context,
      ring,
      record,
      { offline: true, receive: "if-free" },
      (session) => Promise.resolve(session.invitation()),
    )
    const addresses = publicAddresses(record)
    context.progress(`The other side runs: topic accept NAME --at ${addresses.join(" --at ")}`)
    context.print(invitation, { topic: name, invitation, addresses })
  })
}

async function addByText(
  context: Context,
  name: string,
  { petname, yes }: TextOption,
): Promise<void> {
  const chosen = petname === undefined ? undefined : takePetname(petname)
  await context.withRing(async (ring) => {
    const record = await requireTopic(ring, name)
    const text = await readLine("The join request:")
    const profile = openJoinRequest(text)
    if (!yes) await confirmed(questionAbout(profile, "Let it in?"))
    await withTopic(context, ring, record, {}, async (session, { capabilities }) => {
      await catchUp(session)
      requireMembership(context, session, name)
      await session.acceptJoinRequest(text, chosen)
      await answerOthers(context, session)
      if (!capabilities.retained) {
        context.warn(
          `This channel keeps nothing: if the other side does not listen now, run "topic rotate ${quoted(name)}" when it does.`,
        )
      }
      const key = reportKey(profile.publicKey)
      context.print(`${shownName(chosen ?? profile.name)} is in (key ${session.epoch}).`, {
        event: "added",
        topic: name,
        epoch: session.epoch,
        name: profile.name,
        key,
      })
    })
  })
}

async function acceptText(
  context: Context,
  textName: string,
  { at, petname, yes }: TextOption & AtOption,
): Promise<void> {
  const name = takePetname(textName)
  const addresses = at?.map(parseChannelAddress)
  const chosen = petname === undefined ? undefined : takePetname(petname)
  const text = await readLine("The invitation:")
  const profile = openInvitation(text)
  await context.withRing(async (ring) => {
    if (!yes) {
      const topic =
        profile.topicName === "" ? "a topic" : `its topic ${shownName(profile.topicName)}`
      await confirmed(questionAbout(profile, `Join ${topic}?`))
    }
    const record = await recordFor(ring, name, addresses)
    await withTopic(context, ring, record, { offline: true }, (session) =>
      session.acceptInvitation(text, chosen),
    )
    const shown = shownName(chosen ?? profile.name)
    context.print(
      `Accepted. When ${shown} lets you in: ${context.command} topic listen ${quoted(name)}`,
      { event: "accepted", topic: name, name: profile.name, key: reportKey(profile.publicKey) },
    )
  })
}

function questionAbout({ name, publicKey }: PeerProfile, question: string): string {
  const who = name === "" ? "somebody without a name" : shownName(name)
  const { words } = reportKey(publicKey)
  return `The text is by ${who} (so it says), whose key is\n\n  ${words}\n\n${question}`
}

async function recordFor(
  ring: KeyRing,
  name: string,
  addresses: TopicRecord["addresses"] | undefined,
): Promise<TopicRecord> {
  const known = await findTopic(ring, name)
  if (!known) return addTopic(ring, name, addresses ?? [])
  if (!addresses) return known
  const record = { ...known, addresses }
  await changeTopic(ring, record)
  return record
}
