import type { LoginInvitation } from "stringphone/session/login/server"
import type { Context } from "../context.js"
import { lastDayOf } from "../day.js"
import { intoNewFile } from "../new-file.js"
import { visible } from "../terminal/escape.js"
import { qrText } from "../terminal/qr.js"
import { parseScopes } from "./scopes.js"
import { type FolderOptions, loginFolder, withLoginPlace } from "./server-place.js"

export interface InviteOptions extends FolderOptions {
  readonly login?: string
  readonly scopes?: string
  readonly url: string
  readonly days?: number
  readonly file?: string
  readonly qr: boolean
}

/** `login invite`: what one person needs to register. */
export async function inviteUser(context: Context, options: InviteOptions): Promise<void> {
  const { days, file, folder, login, scopes = "", url } = options
  await withLoginPlace(context, loginFolder(folder), async ({ server }) => {
    const make = (): Promise<LoginInvitation> =>
      server.invite({
        url,
        scopes: parseScopes(scopes),
        ...(login !== undefined && { login }),
        ...(days !== undefined && { days }),
      })
    const { expiresAt, text } = file === undefined ? await make() : await intoNewFile(file, make)
    const until = lastDayOf(expiresAt.getTime())
    const shown = file === undefined ? text : `Wrote the invitation to ${visible(file)}.`
    const isDrawn = options.qr && file === undefined && process.stdout.isTTY
    const code = isDrawn ? `${qrText(text, { colour: context.paint.colours })}\n\n` : ""
    context.print(code + shown, {
      event: "invitation",
      // Where it went to a file, it is nowhere else.
      ...(file === undefined ? { text } : { file }),
      realm: server.realm,
      login: login ?? null,
      expiresAt: expiresAt.toISOString(),
    })
    if (isThisComputer(url)) {
      context.progress(
        `${new URL(url).host} is this computer alone: from others, nobody gets there.`,
      )
    }
    context.progress(`For one person, until ${until}. Whoever sees it can register in their place.`)
  })
}

function isThisComputer(url: string): boolean {
  return /^(?:localhost|127\..*|0\.0\.0\.0|\[::1?\])$/.test(new URL(url).hostname)
}
