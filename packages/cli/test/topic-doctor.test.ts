import { chmodSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { freshHome } from "./folder.js"
import { json, stringphone } from "./program.js"
import { bob, foundKitchen, listen, pairWithBob } from "./topic.js"

interface Report {
  readonly ok: boolean
  readonly checks: readonly { readonly check: string; readonly ok: boolean | null }[]
}

async function doctor(
  folder: string,
  ...args: string[]
): Promise<
  Report & { readonly code: number | null; of(check: string): boolean | null | undefined }
> {
  const { code, stdout } = await stringphone(folder, ["--json", ...args])
  const report = JSON.parse(stdout) as Report
  const of = (check: string): boolean | null | undefined =>
    report.checks.find((one) => one.check === check)?.ok
  return { ...report, code, of }
}

describe("topic doctor", () => {
  it("finds nothing wrong, alone and with others, beside a listener too", async () => {
    const shells = await foundKitchen()
    const { folder } = shells
    await pairWithBob(shells)
    const good = await doctor(folder, "topic", "doctor", "kitchen")
    expect(good).toMatchObject({ code: 0, ok: true })
    for (const check of [
      ...["key-ring", "permissions", "passphrase", "standing", "members", "clock", "receiver"],
      ...["broker", "round-trip", "retained-key", "behind", "old-copy"],
    ]) {
      expect([check, good.of(check)]).toEqual([check, true])
    }
    const listening = await listen(folder, ...bob, "topic", "listen", "kitchen")
    const beside = await doctor(folder, ...bob, "topic", "doctor", "kitchen")
    expect(beside).toMatchObject({ code: 0, ok: true })
    expect(beside.of("receiver")).toBe(null)
    expect(listening.events).toEqual([])
    await listening.end()
    const { stdout } = await stringphone(folder, ["topic", "doctor", "kitchen"])
    expect(stdout).toMatch(/^✔ The key ring is at /)
    expect(stdout).toMatch(/\nNothing is wrong\.\n$/)
  })

  it("says what is wrong, and ends with 1", async () => {
    const { broker, folder } = await foundKitchen()
    chmodSync(join(folder, "default.keyring.json"), 0o644)
    await broker.down()
    const wrong = await doctor(folder, "topic", "doctor", "kitchen")
    expect(wrong).toMatchObject({ code: 1, ok: false })
    expect([wrong.of("permissions"), wrong.of("broker")]).toEqual([false, false])
    expect(wrong.of("round-trip")).toBe(undefined)
    // Whatever writes to the key ring sets that right.
    chmodSync(join(folder, "default.keyring.json"), 0o644)
    const { code, stderr, stdout } = await stringphone(folder, ["topic", "doctor", "kitchen"])
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" })
    expect(stdout).toMatch(/✘ Others of this computer may read it[^\n]*\n {4}→ Run: chmod 600 /)
    expect(stdout).toMatch(/✘ No MQTT broker answers/)
  })

  it("without a key ring, without the topic, without the passphrase", async () => {
    const nothing = await doctor(freshHome(), "topic", "doctor", "kitchen")
    expect(nothing).toMatchObject({ code: 1, checks: [{ check: "key-ring", ok: false }] })
    const { folder } = await foundKitchen()
    const other = await doctor(folder, "topic", "doctor", "garden")
    expect([other.code, other.of("topic")]).toEqual([1, false])
    const file = join(folder, "passphrase")
    writeFileSync(file, "correct horse\n")
    await json(folder, ["id", "seal", "--new-passphrase-file", file])
    const sealed = await doctor(folder, "topic", "doctor", "kitchen")
    expect([sealed.code, sealed.of("key-ring-opens")]).toEqual([1, false])
    const opened = await doctor(folder, "--passphrase-file", file, "topic", "doctor", "kitchen")
    expect([opened.code, opened.of("passphrase")]).toEqual([0, true])
  })

  it("catches up by itself with what happened meanwhile", async () => {
    const shells = await foundKitchen()
    await pairWithBob(shells)
    await json(shells.folder, ["topic", "rotate", "kitchen"])
    const late = await doctor(shells.folder, ...bob, "topic", "doctor", "kitchen")
    expect([late.code, late.of("behind"), late.of("retained-key")]).toEqual([0, true, true])
  })
})
