import { engineName } from "#engine"

export {
  authenticate,
  derive,
  exchange,
  exchangePublicKey,
  fillRandom,
  hash,
  open,
  openBox,
  openIetf,
  openSecretbox,
  randomBytes,
  seal,
  sealBox,
  sealIetf,
  sealSecretbox,
  sign,
  signingKeyPair,
  stretch,
  verify,
} from "#engine"
export type { CryptoEngine, StretchCost } from "./engine.js"
export { equal } from "./equal.js"
export { hkdfExpand } from "./hkdf.js"
export { labelled, withLabelled } from "./label.js"

/**
 * Which engine runs: `native` (libsodium) or `portable` (@noble). Both give the same bytes.
 * Force the portable one with `node --conditions=stringphone-portable`.
 */
export function cryptoEngine(): "native" | "portable" {
  return engineName
}
