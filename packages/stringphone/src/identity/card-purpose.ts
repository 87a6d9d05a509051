/** What the signature on an identity card is for (spec/identity.md §2). */
export const cardPurpose = "identity card"
