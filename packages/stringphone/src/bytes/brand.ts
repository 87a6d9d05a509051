declare const kind: unique symbol

/**
 * Bytes that are known to be one kind of thing. Functions return branded bytes, so that a topic key
 * is never passed where a signing seed belongs; public entry points take plain bytes and check them.
 */
export type Brand<Kind extends string> = Uint8Array & { readonly [kind]: Kind }
