// The primitives under their protocol names, in the engine of this process.
import { measure } from "mitata"
import * as crypto from "stringphone/crypto"
import { report } from "./measure.mjs"

const message = crypto.randomBytes(1024)
const key = crypto.randomBytes(32)
const nonce = crypto.randomBytes(24)
const { publicKey, secretKey } = crypto.signingKeyPair(crypto.randomBytes(32))
const signature = crypto.sign(message, secretKey)
const box = crypto.sealSecretbox(message, nonce, key)
const label = crypto.randomBytes(16)
const sealed = crypto.seal(message, nonce, key, label)
const otherKey = crypto.exchangePublicKey(crypto.randomBytes(32))

const operations = {
  sign: () => crypto.sign(message, secretKey),
  verify: () => crypto.verify(signature, message, publicKey),
  exchange: () => crypto.exchange(key, otherKey),
  sealSecretbox: () => crypto.sealSecretbox(message, nonce, key),
  openSecretbox: () => crypto.openSecretbox(box, nonce, key),
  seal: () => crypto.seal(message, nonce, key, label),
  open: () => crypto.open(sealed, nonce, key, label),
  hash: () => crypto.hash(message),
}

for (const [name, operation] of Object.entries(operations)) {
  const { p50 } = await measure(operation, { min_cpu_time: 400e6 })
  report({
    name: `${name} 1 KiB`.replace("exchange 1 KiB", "exchange"),
    value: 1e9 / p50,
    unit: "1/s",
  })
}
