// Makes a clone ready to run: installs what package-lock.json lists, builds what changed. Node's own
// modules only, because nothing is installed yet. Quiet and quick when there is nothing to do.
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { dirname, join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** A failure that one sentence explains; no stack is printed. */
export class PrepareError extends Error {}

/** Everything is installed, but some code does not build. */
export class BuildError extends PrepareError {}

export async function prepare() {
  checkNodeVersion()
  if (!isInstalled()) await install()
  await buildTypeScript()
  await buildWeb()
}

function checkNodeVersion() {
  const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  const needed = engines.node.replace(/^>=/, "").split(".").map(Number)
  const found = process.versions.node.split(".").map(Number)
  const difference = needed.map((part, i) => found[i] - part).find((part) => part !== 0)
  if (difference !== undefined && difference < 0) {
    throw new PrepareError(
      `Node ${needed.join(".")} or newer is needed, this is Node ${process.versions.node}. Install it from nodejs.org and run this again.`,
    )
  }
}

/**
 * npm writes what it installed to node_modules/.package-lock.json as its last step. Comparing the two
 * (and not a stamp of ours) sees an interrupted `npm ci`, and spares those who ran `npm install`.
 */
function isInstalled() {
  const wanted = packagesOf(join(root, "package-lock.json"))
  const found = packagesOf(join(root, "node_modules", ".package-lock.json"))
  if (wanted === null) throw new PrepareError("package-lock.json is missing or is not JSON.")
  if (found === null) return false
  return Object.keys(wanted).every((path) => {
    if (path === "") return true
    const entry = found[path]
    // Optional packages of other platforms are not installed.
    if (entry === undefined) return wanted[path].optional === true
    return entry.version === wanted[path].version && entry.integrity === wanted[path].integrity
  })
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages
  } catch {
    return null
  }
}

async function install() {
  progress("installing packages (npm ci) …")
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error"]
  // Under `npm start` this is npm itself; npm.cmd of Windows does not start without a shell.
  const npm = process.env.npm_execpath
  const { code, output } = npm
    ? await run(process.execPath, [npm, ...args])
    : await run("npm", args, { shell: process.platform === "win32" })
  if (code === 0) return
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET/.test(output)) {
    throw new PrepareError(
      "The packages are not installed, and npm cannot reach its registry. Connect to the network and run this again.",
    )
  }
  process.stderr.write(output)
  throw new PrepareError("npm ci failed, see above.")
}

async function buildTypeScript() {
  const projects = ["packages/stringphone", "packages/cli"].filter((folder) =>
    existsSync(join(root, folder, "tsconfig.json")),
  )
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc")
  const pretty = process.stderr.isTTY ? ["--pretty"] : []
  // tsc knows itself what is up to date, so say something only when it takes a while.
  const timer = setTimeout(() => progress("building the library and the command line …"), 600)
  const { code, output } = await run(process.execPath, [tsc, "-b", ...pretty, ...projects])
  clearTimeout(timer)
  if (code !== 0) {
    process.stderr.write(output)
    throw new BuildError("The build failed: tsc does not accept the code above.")
  }
  for (const folder of projects) removeOrphans(join(root, folder))
}

/** Where Vite puts the page: the command line serves it, and is published with it. */
const webOutput = join(root, "packages", "cli", "dist", "web")

/** tsc leaves the output of deleted sources behind; it would be packed, and imports would work. */
function removeOrphans(folder) {
  for (const file of filesUnder(join(folder, "dist"))) {
    if (file.startsWith(webOutput)) continue
    const source = file.replace(/(\.d\.ts|\.js)$/, ".ts")
    if (source === file) continue
    const path = join(folder, "src", relative(join(folder, "dist"), source))
    if (!existsSync(path) && !existsSync(`${path}x`)) rmSync(file)
  }
}

async function buildWeb() {
  const folder = join(root, "packages", "web")
  if (!existsSync(join(folder, "index.html"))) return
  // What the bundle is made of: its own files, the library's code, and the installed packages.
  const inputs = [
    ...readdirSync(folder)
      .filter((name) => !["dist", "node_modules", "test"].includes(name))
      .flatMap((name) => filesUnder(join(folder, name))),
    ...filesUnder(join(root, "packages", "stringphone", "dist")).filter((f) => f.endsWith(".js")),
    join(root, "packages", "cli", "dist", "home", "messages.js"),
    join(root, "package-lock.json"),
  ]
  const digest = digestOf(inputs)
  const stamp = join(root, ".cache", "web-build")
  const built = existsSync(join(webOutput, "index.html")) && existsSync(stamp)
  if (built && readFileSync(stamp, "utf8") === digest) return
  progress("building the web app …")
  const vite = join(root, "node_modules", "vite", "bin", "vite.js")
  const { code, output } = await run(process.execPath, [vite, "build", "--logLevel", "warn"], {
    cwd: folder,
  })
  if (code !== 0) {
    process.stderr.write(output)
    throw new BuildError("The build of the web app failed, see above.")
  }
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, digest)
}

/** By content: a checkout changes the times of files that are the same. */
function digestOf(files) {
  const hash = createHash("sha256")
  for (const file of [...files].sort()) {
    const content = readFileSync(file)
    hash.update(`${relative(root, file).split(sep).join("/")} ${content.length}\n`).update(content)
  }
  return hash.digest("hex")
}

function filesUnder(path) {
  if (!existsSync(path)) return []
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path).flatMap((name) => filesUnder(join(path, name)))
}

function progress(text) {
  process.stderr.write(`stringphone: ${text}\n`)
}

/** Runs to the end and returns all that it printed. A signal that ended it ends us the same way. */
function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      ...options,
    })
    let output = ""
    child.stdout.on("data", (data) => (output += data))
    child.stderr.on("data", (data) => (output += data))
    child.on("error", (error) =>
      reject(new PrepareError(`Cannot run ${command}: ${error.message}`)),
    )
    child.on("close", (code, signal) => {
      if (signal !== null) process.kill(process.pid, signal)
      resolve({ code, output })
    })
  })
}

/** For scripts that begin with it: prints the sentence and exits with 1 when it fails. */
export async function prepareOrExit() {
  if (!(await prepareOrTell())) process.exit(1)
}

/**
 * For scripts that count: code that does not build is one failure among others.
 * @returns {Promise<boolean>} false when it was not all built; ends the program when not installed
 */
export async function prepareOrTell() {
  try {
    await prepare()
    return true
  } catch (error) {
    if (!(error instanceof PrepareError)) throw error
    process.stderr.write(`stringphone: ${error.message}\n`)
    if (error instanceof BuildError) return false
    process.exit(1)
  }
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await prepareOrExit()
