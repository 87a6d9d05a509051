/** `a,b`; nothing is none. */
export function parseScopes(text: string): readonly string[] {
  return text.trim() === "" ? [] : text.split(",").map((one) => one.trim())
}

export function scopesText(scopes: readonly string[], none = "no scopes"): string {
  return scopes.length > 0 ? scopes.join(", ") : none
}

/** Beside its name. */
export function scopesValue(scopes: readonly string[]): string {
  return scopesText(scopes, "none")
}
