/** One step of an examination. */
export interface Check {
  readonly check: string
  /** `null`: it does not apply here, or can not be known. */
  readonly ok: boolean | null
  readonly text: string
  /** What to do about it. */
  readonly advice?: string
}

export function good(check: string, text: string): Check {
  return { check, ok: true, text }
}

export function bad(check: string, text: string, advice: string): Check {
  return { check, ok: false, text, advice }
}

export function unknown(check: string, text: string): Check {
  return { check, ok: null, text }
}
