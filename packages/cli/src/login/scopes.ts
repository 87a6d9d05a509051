/** `a,b`; nothing is none. */
export function parseScopes(text: string): readonly string[] {
  return text.trim() === "" ? [] : text.split(",").map((one) => one.trim())
}

export function scopesText(scopes: readonly string[]): string {
  return scopes.length > 0 ? scopes.join(", ") : "no scopes"
}

/** Beside its name. */
export function scopesValue(scopes: readonly string[]): string {
  return scopes.length > 0 ? scopes.join(", ") : "none"
}
