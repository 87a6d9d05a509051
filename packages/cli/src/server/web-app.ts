import { existsSync } from "node:fs"
import type { IncomingMessage, ServerResponse } from "node:http"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import sirv from "sirv"

/** Where the build of packages/web is. */
const directory: string = fileURLToPath(new URL("../web/", import.meta.url))

export function isWebAppBuilt(): boolean {
  return existsSync(join(directory, "index.html"))
}

const missing =
  "The web app is not built. Run `npm run build` in the repository, then start String phone again.\n"

/** Answers with the files of the web app. */
export function webApp(): (request: IncomingMessage, response: ServerResponse) => void {
  if (!isWebAppBuilt()) {
    return (_request, response) => {
      response.statusCode = 503
      response.setHeader("Content-Type", "text/plain; charset=utf-8")
      response.end(missing)
    }
  }
  const serve = sirv(directory, {
    etag: true,
    setHeaders(response, path) {
      // Only what has a hash in its name never changes.
      const forGood = path.startsWith("/assets/")
      response.setHeader("Cache-Control", forGood ? "max-age=31536000, immutable" : "no-cache")
    },
  })
  return (request, response) => {
    serve(request, response, () => {
      response.statusCode = 404
      response.setHeader("Content-Type", "text/plain; charset=utf-8")
      response.end("There is nothing here. The page is at /\n")
    })
  }
}
