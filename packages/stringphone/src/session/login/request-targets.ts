const targets = new WeakMap<Request, string>()

/** Keeps path and query as they were on the wire: the URL of a `Request` has no `..` any more, nor `//` as it was. */
export function withTarget(request: Request, target: string): Request {
  targets.set(request, target)
  return request
}

/**
 * Path and query of a request that a handler got, as they were on the wire and proven: for who hands it on to where `..`,
 * `//` and the like have a meaning of their own. `null`: only its URL is known.
 */
export function targetOnWire(request: Request): string | null {
  return targets.get(request) ?? null
}
