import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { freshHome as freshFolder } from "./folder.js"
import { Transcript } from "./mail-transcript.js"
import { json } from "./program.js"

const text = "The bridge is down. Come by the ferry."
const content = "north -> east -> ferry"

describe("three computers that never meet", { timeout: 120_000 }, () => {
  it("and two sticks: mail gets from A to C through B, who can read none of it", async () => {
    const homes = { A: freshFolder(), B: freshFolder(), C: freshFolder() }
    const stick = freshFolder()
    const other = freshFolder()
    const told = new Transcript(homes)
    told.name(stick, "/media/stick")
    told.name(other, "/media/other")

    // Before: C gives A an invitation, by a way that both trust. They are in no network, then or later.
    const pasted = (await told.type("C", ["mail", "invite"])).trim()
    const map = join(freshFolder(), "map.txt")
    told.name(map, "map.txt")
    writeFileSync(map, content)
    const written = await told.type("A", [
      ...["mail", "write", "--address", pasted, "--petname", "carol"],
      ...["--attach", map, "--receipt", text],
    ])
    const id = /: ([0-9a-f]{8}) ·/.exec(written)![1]!
    told.name(id, "<letter>")
    const { letters: sent } = await json(homes.A, ["mail", "inbox", "--sent"])
    told.name((sent as { id: string }[])[0]!.id, "<letter>")
    await told.type("A", ["mail", "inbox", "--sent"])
    await told.type("A", ["mail", "export", stick])

    await told.type("B", ["mail", "import", stick])
    await told.type("B", ["mail", "inbox"])
    await told.type("B", ["mail", "read", id])
    await told.type("B", ["mail", "export", other])

    const { publicKey: keyOfA } = await json(homes.A, ["id"])
    const { publicKey: keyOfC } = await json(homes.C, ["id"])
    told.name(String(keyOfA).slice(0, 8), "<A>")
    told.name(String(keyOfA), "<key of A>")
    await told.type("C", ["mail", "import", other])
    await told.type("C", ["mail", "inbox"])
    const saved = freshFolder()
    told.name(saved, "saved")
    await told.type("C", ["mail", "read", id, "--save", saved])
    expect(readFileSync(join(saved, "map.txt"), "utf8")).toBe(content)
    expect(statSync(join(saved, "map.txt")).mode & 0o777).toBe(0o600)
    await told.type("C", ["mail", "inbox", "--unread"])

    expect(told.text).toBe(
      `
C$ mail invite
<address>
A$ mail write --address <address> --petname carol --attach map.txt --receipt '${text}'
Sealed for carol ? unverified: <letter> · deniable · carried until <day>.
It is in your hub, and goes with the next stick or sync: stringphone mail export DIR
A$ mail inbox --sent
  <letter>  <day>  to carol · deniable · 1 file · not confirmed yet
            │ ${text}
A$ mail export /media/stick
Wrote 1 envelope (16 KiB).
Safe to unplug.
B$ mail import /media/stick
Took in 1 new envelope.
None of it is for you; your hub carries it on.
B$ mail inbox
No mail yet.
B$ mail read <letter>
stringphone: There is no letter <letter>.
(exit code 1)
B$ mail export /media/other
Wrote 1 envelope (16 KiB).
Safe to unplug.
C$ mail import /media/other
Took in 1 new envelope.
1 letter for you: stringphone mail inbox
C$ mail inbox
● <letter>  <day>  (no contact <A>) ◇ invited · deniable · 1 file · asks for a receipt
            │ ${text}
C$ mail read <letter> --save saved
Letter    <letter>
From      (no contact <A>) ◇ invited
To        you
Proof     deniable: it is surely from that key, and you can prove that to nobody
Written   <day>, as its writer says
Received  <time>
Carried   until the end of <day>
Receipt   asked for: stringphone mail confirm <letter>
File 1    22 bytes, named map.txt
│ ${text}
Not your contact yet: stringphone contacts add NAME <key of A>
Saved file 1 as 'saved/map.txt'
C$ mail inbox --unread
Nothing unread.`.trim(),
    )

    // What B has, and what lies on the sticks, says nothing of it to whoever looks.
    const keys = [keyOfA, keyOfC].map((key) => Buffer.from(String(key), "hex"))
    const secrets = [...[text, content, "map.txt", "carol"].map((one) => Buffer.from(one)), ...keys]
    const places = [homes.B, stick, other].flatMap(filesIn)
    // That we look where there is something to see, and would see it.
    expect(places.length).toBeGreaterThan(6)
    expect(filesIn(homes.C).some(({ bytes }) => shows(bytes, Buffer.from(text)))).toBe(true)
    for (const secret of secrets) {
      expect(places.filter(({ bytes }) => shows(bytes, secret)).map(({ path }) => path)).toEqual([])
    }
  })

  it("and the answer comes back the same way, and says who has the keys", async () => {
    const homes = { A: freshFolder(), B: freshFolder(), C: freshFolder() }
    const [there, back] = [freshFolder(), freshFolder()]
    const carry = async (from: string, stick: string, to: string): Promise<unknown> => {
      expect(await json(from, ["mail", "export", stick])).toMatchObject({
        event: "exported",
        isSafeToUnplug: true,
      })
      return json(to, ["mail", "import", stick])
    }
    const { text: invitation } = await json(homes.C, ["mail", "invite"])
    const letter = await json(homes.A, [
      ...["mail", "write", "--address", String(invitation), "--petname", "carol", text],
    ])
    expect(await json(homes.A, ["mail", "contacts"])).toMatchObject({
      pairs: [{ petname: "carol", trust: "unverified", phase: "introduced", hasSecret: true }],
    })
    expect(await carry(homes.A, there, homes.B)).toMatchObject({ new: 1, letters: 0 })
    expect(await carry(homes.B, there, homes.C)).toMatchObject({ new: 1, letters: 1 })

    const { publicKey: keyOfA } = await json(homes.A, ["id"])
    await json(homes.C, ["contacts", "add", "alice", String(keyOfA)])
    const answer = await json(homes.C, [
      ...["mail", "write", "alice", "--sign", "--reply-to", String(letter["id"])],
      "On my way.",
    ])
    expect(answer).toMatchObject({
      authorship: "signed",
      to: [{ petname: "alice", trust: "invited" }],
      replyTo: letter["messageId"],
    })
    expect(await carry(homes.C, back, homes.B)).toMatchObject({ letters: 0 })
    expect(await carry(homes.B, back, homes.A)).toMatchObject({ letters: 1 })
    const { letters } = (await json(homes.A, ["mail", "inbox"])) as {
      letters: readonly Record<string, unknown>[]
    }
    expect(letters).toMatchObject([
      {
        direction: "in",
        from: { petname: "carol", trust: "unverified" },
        authorship: "signed",
        isRead: false,
        text: "On my way.",
      },
    ])
    const read = await json(homes.A, ["mail", "read", String(letters[0]!["id"]).slice(0, 6)])
    expect(read).toMatchObject({ text: "On my way.", saved: [] })
    expect(await json(homes.A, ["mail", "contacts"])).toMatchObject({
      pairs: [{ petname: "carol", phase: "open" }],
    })
    // Nothing is taken in twice, by whomever it comes.
    expect(await carry(homes.C, back, homes.A)).toMatchObject({ new: 0, letters: 0 })
  })

  it("a copy of a stick does as well as the stick, and an altered one does no harm", async () => {
    const [a, b] = [freshFolder(), freshFolder()]
    const stick = freshFolder()
    const { text: invitation } = await json(b, ["mail", "invite"])
    await json(a, ["mail", "write", "--address", String(invitation), text])
    await json(a, ["mail", "export", stick])
    const copy = freshFolder()
    cpSync(stick, copy, { recursive: true })
    for (const { bytes, path } of filesIn(stick)) {
      if (!path.endsWith(".mail")) continue
      bytes[bytes.length >> 1]! ^= 1
      writeFileSync(path, bytes)
    }
    const spoilt = await json(b, ["mail", "import", stick])
    expect(spoilt).toMatchObject({ new: 0, letters: 0 })
    expect(Number(spoilt["damaged"])).toBeGreaterThan(0)
    expect(await json(b, ["mail", "import", copy])).toMatchObject({ new: 1, letters: 1 })
  })
})

function filesIn(folder: string): readonly { readonly path: string; readonly bytes: Buffer }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map(({ name, parentPath }) => {
      const path = join(parentPath, name)
      return { path, bytes: readFileSync(path) }
    })
}

/** As it is, in hexadecimal, or within base64, wherever it begins there. */
function shows(bytes: Buffer, secret: Buffer): boolean {
  const inBase64 = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), secret]).toString("base64")
    // The first and the last character also depend on what stands beside.
    return encoded.slice(shift + 1, -4)
  })
  const forms = [secret, secret.toString("hex"), ...(secret.length < 16 ? [] : inBase64)]
  return forms.some((form) => bytes.includes(form))
}
