// A random walk through everything that changes a group, by members who are saved and restored.
import { expect, test } from "vitest"
import { hex, sameBytes, u32, utf8 } from "../../src/bytes/index.js"
import { cryptoEngine, hash } from "../../src/crypto/index.js"
import {
  apply,
  commit,
  decodeGroup,
  encodeGroup,
  groupInfo,
  inspect,
  joinByExternalCommit,
  open,
  retainedEpochs,
  seal,
  createGroup,
  type Group,
  type GroupEnvironment,
} from "../../src/room/mls/group.js"
import { accept, agree, none, roomId } from "../room/mls-members.js"
import { canReadPath } from "../room/mls-path-readers.js"

/** The portable engine takes some 20 times as long. */
const steps = cryptoEngine() === "native" ? 1_200 : 100
const mostMembers = 24
const mostGone = 12

class Walk {
  readonly random: (below: number) => number
  readonly environment: GroupEnvironment
  readonly counts = {
    joins: 0,
    resyncs: 0,
    removals: 0,
    settings: 0,
    messages: 0,
    restarts: 0,
    attempts: 0,
    late: 0,
  }
  members: Group[] = []
  /** Who was removed, and who was replaced by a newer self. */
  gone: Group[] = []
  #names = 0
  /** Messages under way. */
  #late: { readonly to: string; readonly said: Uint8Array; readonly message: Uint8Array }[] = []

  constructor(seed: number) {
    let counter = 0
    const bytes = (length: number): Uint8Array => {
      const out = new Uint8Array(length)
      for (let at = 0; at < length; at += 32) {
        out.set(hash(utf8(`${seed} ${counter++}`)).subarray(0, length - at), at)
      }
      return out
    }
    this.random = (below) => new DataView(bytes(4).buffer).getUint32(0) % below
    this.environment = { randomBytes: bytes, isCredentialValid: (name) => name.length === 4 }
  }

  async found(): Promise<void> {
    const own = this.#own()
    this.members = [await createGroup({ roomId, own, settings: none }, this.environment)]
  }

  async step(): Promise<void> {
    const count = this.members.length
    const what = this.random(100)
    if (what < 34 && count < mostMembers) await this.#join()
    else if (what < 40 && count > 1) await this.#join(this.random(count))
    else if (what < 56 && count > 1) await this.#remove()
    else if (what < 62) await this.#commit({ settings: u32(this.random(1e9)) })
    else if (what < 66) await this.#commit({})
    else if (what < 74) this.#restart()
    else if (what < 86) await this.#catchUp()
    else await this.#say()
    expect(agree(this.members)).toBe(true)
  }

  async #join(former?: number): Promise<void> {
    const replaced = former === undefined ? null : (this.members[former] as Group)
    const guide = this.#any()
    const info = await groupInfo(guide)
    const options = { check: accept, ...(replaced && { replaces: replaced.ownIndex }) }
    const entry = await joinByExternalCommit(info, this.#own(), none, options, this.environment)
    const others = this.members.filter((one) => one !== replaced)
    const applied = await Promise.all(others.map((one) => apply(one, entry.message, accept)))
    if (replaced !== null) await this.#leave(replaced, entry.message)
    this.members = [...applied, entry.group]
    await this.#outsiders(entry.message, others[0])
    if (replaced === null) this.counts.joins++
    else this.counts.resyncs++
  }

  async #remove(): Promise<void> {
    const committer = this.#any()
    const others = this.members.filter((one) => one !== committer)
    const removed = others.filter(() => this.random(3) === 0).slice(0, 5)
    if (removed.length === 0) removed.push(others[0] as Group)
    const withSettings = this.random(4) === 0 ? { settings: u32(this.random(1e9)) } : {}
    await this.#commit({ remove: removed.map((one) => one.ownIndex), ...withSettings }, committer)
    this.counts.removals += removed.length
  }

  async #commit(changes: Parameters<typeof commit>[1], by = this.#any()): Promise<void> {
    const change = await commit(by, changes, none)
    const stay = this.members.filter((one) => !changes.remove?.includes(one.ownIndex))
    const leave = this.members.filter((one) => changes.remove?.includes(one.ownIndex))
    this.members = await Promise.all(
      stay.map(async (one) => (one === by ? change.group : apply(one, change.message, accept))),
    )
    for (const one of leave) await this.#leave(one, change.message)
    await this.#outsiders(
      change.message,
      stay.find((one) => one !== by),
    )
    if (changes.settings) {
      this.counts.settings++
      const settings = this.members.map((one) => one.settings)
      expect(settings.every((one) => sameBytes(one, changes.settings as Uint8Array))).toBe(true)
    }
  }

  #restart(): void {
    const at = this.random(this.members.length)
    const saved = encodeGroup(this.members[at] as Group)
    this.members[at] = decodeGroup(saved, this.environment)
    expect(encodeGroup(this.members[at])).toEqual(saved)
    this.counts.restarts++
  }

  async #say(): Promise<void> {
    const sender = this.random(this.members.length)
    const said = u32(this.counts.messages++)
    const sealed = await seal(this.members[sender] as Group, said, u32(sender))
    const from = sealed.group.ownIndex
    this.members = await Promise.all(
      this.members.map(async (one, i) => {
        if (i === sender) return sealed.group
        if (this.random(5) === 0) {
          this.#late.push({ to: nameOf(one), said, message: sealed.message })
          return one
        }
        const { group, ...opened } = await open(one, sealed.message)
        expect([opened.sender, opened.payload]).toEqual([from, said])
        return group
      }),
    )
    await this.#outsiders(sealed.message)
  }

  /** What was held up arrives, in any order, and perhaps epochs later. */
  async #catchUp(): Promise<void> {
    for (let i = 0; i < 12 && this.#late.length > 0; i++) {
      const [late] = this.#late.splice(this.random(this.#late.length), 1)
      const at = this.members.findIndex((one) => nameOf(one) === late?.to)
      const one = this.members[at]
      if (late === undefined || one === undefined) continue
      if (inspect(late.message).epoch < one.epoch - retainedEpochs) {
        await expect(open(one, late.message)).rejects.toMatchObject({ code: "wrong-epoch" })
        continue
      }
      const { group, payload } = await open(one, late.message)
      expect(payload).toEqual(late.said)
      await expect(open(group, late.message)).rejects.toMatchObject({ code: "replayed" })
      this.members[at] = group
      this.counts.late++
    }
  }

  async #leave(one: Group, message: Uint8Array): Promise<void> {
    const after = await apply(one, message, accept)
    expect(after.isRemoved).toBe(true)
    // Both: one who was told, and one who goes on with the keys as they were.
    this.gone = [...this.gone, after, one].slice(-mostGone)
  }

  /**
   * Nobody who is gone gets anything out of what follows, by the rules or with all keys they had.
   * @param reader somebody who stays, as they were before the commit
   */
  async #outsiders(message: Uint8Array, reader?: Group): Promise<void> {
    const { epoch, kind } = inspect(message)
    for (const one of this.gone) {
      if (epoch <= one.epoch) continue
      const attempt = kind === "application" ? open(one, message) : apply(one, message, accept)
      const error: unknown = await attempt.catch((caught: unknown) => caught)
      expect(error).toMatchObject({ code: "wrong-epoch" })
    }
    if (kind === "application" || reader === undefined) return
    const after = this.members.find(({ ownIndex }) => ownIndex === reader.ownIndex) as Group
    const can = (one: Group) => canReadPath(one, message, reader, after)
    expect(await can(reader)).toBe(true)
    // Those who were told keep no keys; these went on with theirs.
    for (const one of this.gone.filter(({ isRemoved }) => !isRemoved)) {
      expect(await can(one)).toBe(false)
      this.counts.attempts++
    }
  }

  #any(): Group {
    return this.members[this.random(this.members.length)] as Group
  }

  #own() {
    const credential = u32(this.#names++)
    return { signatureSeed: this.environment.randomBytes(32), credential }
  }
}

function nameOf(group: Group): string {
  return hex(group.leaves.find(({ index }) => index === group.ownIndex)?.credential ?? none)
}

test(`${steps} steps of churn`, { timeout: 600_000 }, async () => {
  const walk = new Walk(4)
  await walk.found()
  for (let step = 0; step < steps; step++) await walk.step()
  // The walk did go everywhere.
  expect(Object.values(walk.counts).every((count) => count > steps / 60)).toBe(true)
})
