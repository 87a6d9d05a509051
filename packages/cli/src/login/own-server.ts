import type { Context } from "../context.js"
import { reportKey } from "../person.js"
import { visible } from "../terminal/escape.js"
import {
  createLoginPlace,
  type FolderOptions,
  loginFolder,
  withLoginPlace,
} from "./server-place.js"

/** `login init`: a server with no users. */
export async function initServer(
  context: Context,
  { folder: given, realm }: FolderOptions & { readonly realm: string },
): Promise<void> {
  const folder = loginFolder(given)
  await createLoginPlace(context, { folder, realm }, async ({ database, server }) => {
    const key = reportKey(server.identity.publicKey)
    const text = [
      `Made the login server of ${server.realm} in ${visible(folder)}.`,
      `Server    ${context.paint.bold(key.words)}`,
      `Keep a copy of that folder: without it nobody can log in. Whoever reads it can guess passwords.`,
      `Next: ${context.command} login serve, and ${context.command} login invite --url http://…`,
    ]
    context.print(text.join("\n"), {
      event: "made",
      realm: server.realm,
      folder,
      database,
      server: key,
    })
  })
}

/** `login server`: what it is. */
export async function printServer(context: Context, { folder }: FolderOptions): Promise<void> {
  await withLoginPlace(context, loginFolder(folder), async (place) => {
    const { database, server } = place
    const users = await server.users()
    const key = reportKey(server.identity.publicKey)
    const text = [
      `Realm     ${server.realm}`,
      `Server    ${context.paint.bold(key.words)}`,
      `Digits    ${key.digits}`,
      `Folder    ${visible(place.folder)} (${database === "sqlite" ? "SQLite" : "a file"})`,
      `Users     ${users.length}`,
    ]
    context.print(text.join("\n"), {
      realm: server.realm,
      server: key,
      folder: place.folder,
      database,
      users: users.length,
    })
  })
}
