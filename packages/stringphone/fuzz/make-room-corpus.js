// Writes the room target's corpus anew from the test vectors, when a format changed: node fuzz/make-room-corpus.js
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const here = import.meta.dirname
const { requests } = JSON.parse(readFileSync(join(here, "../test/vectors/room.json"), "utf8"))
const named = (name) => requests.find((one) => one.name === name)
const samples = requests.flatMap(({ answer, name }) => {
  const encoded = answer.bytes ?? answer.credential
  return encoded ? [[name, encoded]] : []
})
const { captainSecret, newcomerSecret } = named("keys of an attempt").ask
const secrets = {
  newcomerSecret,
  captainSecret,
  slotKey: named("slot key").answer.slotKey,
  roomId: named("signature: vote").ask.of.roomId,
}

const write = (path, value) =>
  writeFileSync(join(here, path), `${JSON.stringify(value, null, 2)}\n`)
write("room-secrets.json", secrets)
write(
  join("corpus", "room-decode.json"),
  Object.fromEntries([
    ["nothing", ""],
    ["cut off", named("packet: knock").answer.bytes.slice(0, -2)],
    ...samples,
  ]),
)
