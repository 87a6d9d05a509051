import { type Command, Option } from "commander"
import type { JoinOptions, StartOptions } from "../room/enter.js"
import type { LeaveOptions } from "../room/room-state.js"
import { examples, run } from "./shape.js"

/** Each command loads what it needs when it runs: rooms bring MLS, IRC and a screen along. */
export function addRoomCommand(parent: Command): void {
  const room = parent
    .command("room")
    .description("talk in end-to-end encrypted rooms over IRC, or any channel that topics use")
  addStart(room)
  addJoin(room)
  addLooks(room)
  addLeave(room)
  examples(room, [
    "room start 'ircs://irc.example.org/#kitchen' --nick alice",
    "--as bob room join 'ircs://irc.example.org/#kitchen' --nick bob",
    "room join kitchen   (again, as the same member)",
    "room status",
  ])
}

function addStart(room: Command): void {
  const start = enterOptions(
    room
      .command("start <address>")
      .description("start a room on a channel, with you as its captain, and talk")
      .option("--title <title>", "what the room is about; members see it")
      .option("--deniable", "nobody can prove later what anybody said here")
      .option("--beside", "although there is another room on this channel"),
  ).action(
    run(async (context, address: string, options: StartOptions) => {
      const { startRoom } = await import("../room/enter.js")
      await startRoom(context, address, options)
    }),
  )
  examples(start, [
    "room start 'ircs://irc.example.org/#kitchen' --nick alice",
    "room start irc://127.0.0.1:6667/kitchen --admit everyone --title 'Who cooks?'",
    "room start mqtt://127.0.0.1:1883/kitchen --deniable",
    "room start 'ircs://irc.example.org/#kitchen' --sasl-account alice --proxy socks5://127.0.0.1:9050",
  ])
}

function addJoin(room: Command): void {
  const join = enterOptions(
    room
      .command("join <address-or-name>")
      .description("ask the captain of a channel's room to let you in, and talk")
      .option("--captain <who>", "only this captain: a contact, a fingerprint, or a public key"),
  ).action(
    run(async (context, address: string, options: JoinOptions) => {
      const { joinRoom } = await import("../room/enter.js")
      await joinRoom(context, address, options)
    }),
  )
  examples(join, [
    "room join 'ircs://irc.example.org/#kitchen' --nick bob",
    "room join kitchen   (a room you are in already)",
    "room join irc://127.0.0.1:6667/kitchen --captain alice",
    "echo 'Dinner is ready.' | stringphone room join kitchen",
    "room join kitchen --json",
  ])
}

function addLooks(room: Command): void {
  const status = room
    .command("status [name]")
    .description("how a room stood when a command was last in it")
    .action(
      run(async (context, name: string | undefined) => {
        const { printRoomStatus } = await import("../room/room-state.js")
        await printRoomStatus(context, name)
      }),
    )
  examples(status, ["room status", "room status kitchen --json"])

  const members = room
    .command("members [name]")
    .description("who is in a room, and how far you trust each")
    .action(
      run(async (context, name: string | undefined) => {
        const { printRoomMembers } = await import("../room/room-state.js")
        await printRoomMembers(context, name)
      }),
    )
  examples(members, ["room members", "room members kitchen --json"])
}

function addLeave(room: Command): void {
  const leave = room
    .command("leave [name]")
    .description("leave a room for good: tell its captain, and forget its keys")
    .option("--yes", "do not ask")
    .option("--sasl-password-file <file>", "where the password of your IRC account is")
    .option("--forget", "tell nobody: only forget it here")
    .action(
      run(async (context, name: string | undefined, options: LeaveOptions) => {
        const { leaveRoom } = await import("../room/room-state.js")
        await leaveRoom(context, name, options)
      }),
    )
  examples(leave, ["room leave", "room leave kitchen --yes", "room leave kitchen --forget"])
}

function enterOptions(command: Command): Command {
  return command
    .option("--name <name>", "your name for the room (default: the channel's)")
    .option(
      "--nick <nick>",
      "what you are called on the channel (default: as --as, or this computer)",
    )
    .addOption(
      new Option("--admit <whom>", "whom you let in unasked while you are captain")
        .choices(["contacts", "everyone", "nobody"])
        .default("contacts"),
    )
    .option("--sasl-account <account>", "log in to this account of the IRC network")
    .option(
      "--sasl-password-file <file>",
      "where its password is (default: STRINGPHONE_SASL_PASSWORD, or you are asked)",
    )
    .option("--proxy <url>", "reach the IRC server through this, as in socks5://127.0.0.1:9050")
    .option("--plain", "lines in, lines out: for pipes and screen readers")
}
