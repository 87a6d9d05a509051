import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { expect, onTestFinished, test } from "vitest"
import { concat } from "../../src/bytes/index.js"
import { NodeStickFolder } from "../../src/store/stick-folder/node.js"
import { envelopesOf, Hub, idsOf, readBy, today } from "../mailbox/mailbox-stick-scene.js"

// Real processes can not load TypeScript, so they use the build.
const dist = new URL("../../dist/", import.meta.url)

/** Exports all envelopes of a file, and prints a line whenever it gets on. */
const exporting = `
import { readFileSync } from "node:fs"
import { hash, labelled } from "${dist.href}crypto/index.js"
import { exportToStick } from "${dist.href}session/mailbox/stick.js"
import { NodeStickFolder } from "${dist.href}store/stick-folder/node.js"

const [file, stick] = process.argv.slice(2)
const all = readFileSync(file)
const check = (bytes) => ({
  id: hash(labelled("mailbox envelope", bytes)),
  day: bytes[2] * 256 + bytes[3],
})
const envelopes = []
for (let at = 0; at < all.length; at += 16384) {
  const bytes = new Uint8Array(all.subarray(at, at + 16384))
  envelopes.push({ ...check(bytes), size: bytes.length, bytes, stamp: new Uint8Array(8) })
}
const key = (id) => Buffer.from(id).toString("hex")
const byId = new Map(envelopes.map((envelope) => [key(envelope.id), envelope]))
const result = await exportToStick({
  folder: new NodeStickFolder(stick),
  store: { index: async () => envelopes, get: async (ids) => ids.map((id) => byId.get(key(id))) },
  today: ${today},
  check,
  onProgress: ({ step, doneBytes }) => process.stdout.write(step + " " + doneBytes + "\\n"),
})
process.stdout.write("done " + result.written + "\\n")
`

test("an exporting process may be killed again and again", { timeout: 300_000 }, async () => {
  if (!existsSync(fileURLToPath(new URL("session/mailbox/stick.js", dist)))) {
    throw new Error("The library is not built; run: npx tsc -b packages/stringphone")
  }
  const place = await mkdtemp(join(tmpdir(), "stringphone-stick-"))
  onTestFinished(() => rm(place, { recursive: true, force: true }))
  const [script, file, stick] = ["export.mjs", "envelopes", "stick"].map((name) =>
    join(place, name),
  )
  const sent = [...envelopesOf(700, today + 3, 16_384), ...envelopesOf(700, today + 4, 16_384)]
  await writeFile(script!, exporting)
  await writeFile(file!, concat(...sent.map(({ bytes }) => bytes)))
  await mkdir(stick!)

  const counts: number[] = []
  let lastLine = ""
  for (let lines = 2; !lastLine.startsWith("done"); lines += 2) {
    lastLine = await runUntil([script!, file!, stick!], lines)
    const { ids, result } = await readBy(new NodeStickFolder(stick!))
    expect(result.damaged).toBe(0)
    expect(ids.length).toBeGreaterThanOrEqual(counts.at(-1) ?? 0)
    counts.push(ids.length)
  }
  // It was killed on the way, and what was there was not written again.
  expect(counts.filter((count) => count > 0 && count < 1_400).length).toBeGreaterThan(0)
  const { ids, result } = await readBy(new NodeStickFolder(stick!))
  expect(ids).toEqual(idsOf(sent))
  expect(result).toMatchObject({ found: 1_400, damaged: 0, unfinished: 0 })
  const again = await new Hub(sent).exportTo(new NodeStickFolder(stick!))
  expect(again).toMatchObject({ written: 0, known: 1_400, damaged: 0 })
  expect((await readdir(stick!)).filter((name) => name.endsWith(".part"))).toEqual([])
})

/** Kills the process after so many lines. @returns the last one */
async function runUntil(options: readonly string[], lines: number): Promise<string> {
  const child = spawn(process.execPath, options, { stdio: ["ignore", "pipe", "inherit"] })
  const ended = new Promise((resolve) => child.on("close", resolve))
  let last = ""
  let count = 0
  for await (const line of createInterface({ input: child.stdout })) {
    last = line
    if (++count === lines && !line.startsWith("done")) child.kill("SIGKILL")
  }
  await ended
  return last
}
