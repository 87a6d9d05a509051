const targets = new WeakMap<Request, string>()

/** Keeps path and query as they were on the wire: the URL of a `Request` has no `..` any more, nor `//` as it was. */
export function withTarget(request: Request, target: string): Request {
  targets.set(request, target)
  return request
}

/** `null`: only its URL is known. */
export function targetOnWire(request: Request): string | null {
  return targets.get(request) ?? null
}
