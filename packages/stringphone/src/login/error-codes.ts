/** What a server may answer instead. spec/login.md §6.4 */
export const loginErrors = {
  denied: 1,
  "slow-down": 2,
  "unknown-lane": 3,
  expired: 4,
  used: 5,
  "too-old": 6,
  revoked: 7,
  malformed: 8,
  "missing-scope": 9,
  unprotected: 10,
} as const

export type LoginErrorName = keyof typeof loginErrors
