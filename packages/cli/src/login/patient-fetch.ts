import type { Fetch } from "stringphone/session/login"

const usualMs = 60_000

/** Who takes a connection and says nothing keeps nobody waiting: the platform's own patience is 5 minutes. */
export function patientFetch(patienceMs: number = usualMs): Fetch {
  return async (url, init = {}) => {
    const late = AbortSignal.timeout(patienceMs)
    const signal = init.signal ? AbortSignal.any([init.signal, late]) : late
    return fetch(url, { ...init, signal })
  }
}
