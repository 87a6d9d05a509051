/** What a member puts into the group's tree. */
export interface OwnLeaf {
  /** Ed25519 seed, 32 bytes, fresh for every group. */
  readonly signatureSeed: Uint8Array
  /** Identity of an MLS basic credential (RFC 9420 §5.3); opaque here. */
  readonly credential: Uint8Array
}

/** A member, as the tree shows it. */
export interface Leaf {
  /** Its place in the tree; free again once the member is removed. */
  readonly index: number
  /** Ed25519, 32 bytes. */
  readonly signatureKey: Uint8Array
  readonly credential: Uint8Array
}

/** What a group asks of its surroundings. Not part of the saved state. */
export interface GroupEnvironment {
  readonly randomBytes: (length: number) => Uint8Array
  /** Whether a credential is well-formed and bound to the key; a tree with another leaf is refused. */
  readonly isCredentialValid: (credential: Uint8Array, signatureKey: Uint8Array) => boolean
}

/** What the header of a message says; nothing of it is authenticated yet. */
export interface Inspected {
  readonly roomId: Uint8Array
  readonly epoch: number
  readonly kind: "application" | "commit" | "external-commit"
  readonly associatedData: Uint8Array
}

/** An application message, decrypted and its signature verified. */
export interface Opened {
  /** Leaf index in the tree of the message's epoch. */
  readonly sender: number
  readonly signatureKey: Uint8Array
  readonly payload: Uint8Array
  readonly associatedData: Uint8Array
  readonly epoch: number
}

/** What a commit is about to do; authentic as far as its signature goes. */
export interface CommitFacts {
  /** Leaf index of the member who made it; `null`: somebody from outside, see `joiner`. */
  readonly committer: number | null
  /** Whose signature key anybody may have made up: `associatedData` must say why to let them in. */
  readonly joiner: { readonly signatureKey: Uint8Array; readonly credential: Uint8Array } | null
  /** Leaf indexes. Of an external commit at most one: the leaf that the joiner replaces. */
  readonly removed: readonly number[]
  /** `null`: they stay as they are. */
  readonly settings: Uint8Array | null
  readonly associatedData: Uint8Array
}

/** Throws to refuse; what it throws is passed on. */
export type CheckCommit = (commit: CommitFacts) => void

/** What a group info claims. Called before its signatures are verified, which are still to come. */
export interface JoinFacts {
  readonly leaves: readonly Leaf[]
  readonly roomId: Uint8Array
  readonly epoch: number
  readonly settings: Uint8Array
  /** Leaf index of the member who signed it. */
  readonly signer: number
}

export interface JoinOptions {
  /** Throws to refuse; what it throws is passed on. */
  readonly check: (group: JoinFacts) => void
  /** Leaf index of our former self, which is removed. */
  readonly replaces?: number
}

/** What a member's commit does; an empty one gives new keys to the committer. */
export interface Changes {
  /** Leaf indexes, not our own. */
  readonly remove?: readonly number[]
  readonly settings?: Uint8Array
}
