import { type LoginErrorName, signedErrorAnswer } from "../../login/index.js"
import type { Caller, Handler, ProtectOptions } from "./server-types.js"

const callers = new WeakMap<Request, Caller>()
const ownErrors = new WeakSet<Response>()

/** Who made this call, proven; `null`: nobody can say. Only the very object that the handler got is known. */
export function callerOf(request: Request): Caller | null {
  return callers.get(request) ?? null
}

/** @internal */
export function isCalledBy(request: Request, caller: Caller): Request {
  callers.set(request, caller)
  return request
}

/** Its field says truly that it is one of our errors. @internal */
export function isOwnError(response: Response): boolean {
  return ownErrors.has(response)
}

/**
 * A handler that is called for signed and sealed calls alone, which have the scopes.
 *
 * @example
 * ```ts no-run
 * import { callerOf, protect } from "stringphone/session/login/server"
 *
 * const lamps = protect((request) => Response.json({ by: callerOf(request)?.login }), {
 *   scopes: ["lamps"],
 * })
 * ```
 */
export function protect(handler: Handler, options: ProtectOptions = {}): Handler {
  const { modes = ["signed", "sealed"], scopes = [] } = options
  return (request) => {
    const caller = callerOf(request)
    if (!caller || !modes.includes(caller.mode)) return ownError("unprotected")
    const hasAll = scopes.every((scope) => caller.scopes.includes(scope))
    return hasAll ? handler(request) : ownError("missing-scope")
  }
}

/** As the field of an answer that is proven by what is around it. [LOGIN-7-5] @internal */
export function ownError(name: LoginErrorName, seconds = 0): Response {
  const { fields, status } = signedErrorAnswer(name, seconds)
  const response = new Response(null, {
    status,
    headers: [...fields.map(([a, b]) => [a, b] as [string, string])],
  })
  ownErrors.add(response)
  return response
}
