/** In Node and Bun: libsodium where its binary loads, otherwise the portable engine. */
import type { CryptoEngine } from "./engine.js"
import { loadNativeEngine } from "./native.js"
import * as portable from "./portable.js"

const engine: CryptoEngine = loadNativeEngine() ?? portable

export const engineName: CryptoEngine["engineName"] = engine.engineName
export const randomBytes: CryptoEngine["randomBytes"] = engine.randomBytes
export const fillRandom: CryptoEngine["fillRandom"] = engine.fillRandom
export const signingKeyPair: CryptoEngine["signingKeyPair"] = engine.signingKeyPair
export const sign: CryptoEngine["sign"] = engine.sign
export const verify: CryptoEngine["verify"] = engine.verify
export const exchangePublicKey: CryptoEngine["exchangePublicKey"] = engine.exchangePublicKey
export const exchange: CryptoEngine["exchange"] = engine.exchange
export const sealSecretbox: CryptoEngine["sealSecretbox"] = engine.sealSecretbox
export const openSecretbox: CryptoEngine["openSecretbox"] = engine.openSecretbox
export const sealBox: CryptoEngine["sealBox"] = engine.sealBox
export const openBox: CryptoEngine["openBox"] = engine.openBox
export const seal: CryptoEngine["seal"] = engine.seal
export const open: CryptoEngine["open"] = engine.open
export const sealIetf: CryptoEngine["sealIetf"] = engine.sealIetf
export const openIetf: CryptoEngine["openIetf"] = engine.openIetf
export const hash: CryptoEngine["hash"] = engine.hash
export const authenticate: CryptoEngine["authenticate"] = engine.authenticate
export const derive: CryptoEngine["derive"] = engine.derive
export const stretch: CryptoEngine["stretch"] = engine.stretch
