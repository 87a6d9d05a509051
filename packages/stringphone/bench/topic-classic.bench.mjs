// What a classic topic costs above the primitives that it cannot do without: encode is seal and sign,
// decode is verify and open. The portable ratios may be above 1: our signing does not compute the
// public key again, and our verification does without the cofactor.
import { randomBytes, signingKeyPair } from "stringphone/crypto"
import { Topic } from "stringphone/topic/classic"
import { bare } from "./bare.mjs"
import { endToEnd } from "./end-to-end.mjs"
import { compare, report } from "./measure.mjs"

const goal = 0.9
const topicKey = randomBytes(32)
const seed = randomBytes(32)
const { publicKey, secretKey } = signingKeyPair(seed)
const alice = new Topic({ topicKey, signingKeySeed: seed })
const bob = new Topic({ topicKey, participants: [publicKey] })

for (const [size, bytes] of [
  ["64 B", 64],
  ["1 KiB", 1024],
  ["64 KiB", 65536],
]) {
  const plaintext = randomBytes(bytes)
  const message = alice.encode(plaintext)
  const [signature, signed] = [message.slice(1, 65), message.slice(65)]
  const [nonce, box] = [message.slice(81, 105), message.slice(105)]

  const encode = compare(
    () => alice.encode(plaintext),
    () => [bare.seal(plaintext, nonce, topicKey), bare.sign(signed, { seed, secretKey })],
  )
  report({ name: `encode ${size}`, value: 1e9 / encode.oursNs, unit: "1/s" })
  report({ name: `encode ${size}, of bare`, value: encode.ratio, unit: "ratio", goal })

  const decode = compare(
    () => bob.decode(message),
    () => [bare.verify(signature, signed, publicKey), bare.open(box, nonce, topicKey)],
  )
  report({ name: `decode ${size}`, value: 1e9 / decode.oursNs, unit: "1/s" })
  report({ name: `decode ${size}, of bare`, value: decode.ratio, unit: "ratio", goal })
}

memory()
await endToEnd(alice, bob)

/** Heap and what hangs on it, for each of 10,000 trusted participants. */
function memory() {
  const count = 10_000
  // Any 32 bytes are a key here; making real ones would take minutes in the portable engine.
  const keys = Array.from({ length: count }, () => randomBytes(32))
  const before = inUse()
  const topic = new Topic({ topicKey, participants: keys })
  const bytes = (inUse() - before) / count
  if (topic.participants().length !== count) throw new Error("not everybody is trusted")
  report({ name: "memory of a trusted participant", value: bytes, unit: "bytes" })
}

function inUse() {
  for (let i = 0; i < 4; i++) globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
