export { cardText, encodeIdentityCard, openCardText, openIdentityCard } from "./card.js"
export type { IdentityCard } from "./card.js"
export {
  addContact,
  contactByKey,
  decideTrust,
  nameClash,
  removeContact,
  renameContact,
  resolveContact,
  trustOf,
} from "./contacts.js"
export type { Contact, ContactBook, TrustDecision, TrustState, VerifiedBy } from "./contacts.js"
export { fingerprint, matchesFingerprint } from "./fingerprint.js"
export type { Fingerprint } from "./fingerprint.js"
export { Identity } from "./identity.js"
export type { ExchangePublicKey, IdentitySeed, SigningPublicKey } from "./identity.js"
export { petnameKey, takePetname } from "./petname.js"
export { secretOfWords, wordsOfSecret } from "./secret-words.js"
