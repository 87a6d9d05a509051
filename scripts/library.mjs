// What the published library offers: its subpaths and where each of them is built to.
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "./prepare.mjs"

export const libraryFolder = join(root, "packages", "stringphone")

/** @returns {{ subpath: string, js: string, dts: string }[]} such as `stringphone/topic/classic` */
export function publicSubpaths() {
  const { exports } = JSON.parse(readFileSync(join(libraryFolder, "package.json"), "utf8"))
  return Object.entries(exports).map(([path, target]) => {
    const js = join(libraryFolder, target)
    if (!existsSync(js)) throw new Error(`package.json offers ${path}, but ${target} is not built`)
    return { subpath: `stringphone${path.slice(1)}`, js, dts: js.replace(/\.js$/, ".d.ts") }
  })
}
