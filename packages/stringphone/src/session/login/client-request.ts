import { UsageError } from "../../bytes/index.js"
import { mostContentBytes } from "../../login/index.js"
import { type Endpoint, targetOf } from "./client-endpoint.js"

/** A call before it is signed or sealed. */
export interface CallRequest {
  readonly method: string
  readonly url: URL
  /** In lower case, sorted, one of each name. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
}

/** They are the connection's, the platform's or ours: nobody could prove them. */
const ownFields = new Set(
  (
    "accept-encoding connection content-digest content-length cookie date expect host keep-alive origin " +
    "proxy-authorization proxy-connection referer signature signature-input stringphone-error te trailer " +
    "transfer-encoding upgrade via"
  ).split(" "),
)
const ownPrefixes = ["access-control-request-", "proxy-", "sec-"]

/**
 * What `fetch` would send.
 * @throws {UsageError} `bad-url`, `other-origin`, `bad-field`, `bad-request`, `too-large`
 */
export async function readCall(
  endpoint: Endpoint,
  input: string | URL | Request,
  init: RequestInit = {},
): Promise<CallRequest> {
  const url = targetOf(endpoint, input instanceof Request ? input.url : input)
  refuseOwnFields(init.headers)
  // A body that is a stream has to say so; the platform's types do not know that.
  const options = { ...init, duplex: "half" } as RequestInit
  const request = made(() => new Request(input instanceof Request ? input : url, options))
  refuseOwnFields(request.headers)
  const body = new Uint8Array(await request.arrayBuffer())
  if (body.length > mostContentBytes) {
    throw new UsageError("too-large", "A call has at most 16 MiB. Send less at once.")
  }
  return { method: request.method, url, fields: [...request.headers], body }
}

function refuseOwnFields(init: HeadersInit | undefined): void {
  const headers = made(() => new Headers(init))
  for (const name of headers.keys()) {
    if (ownFields.has(name) || ownPrefixes.some((prefix) => name.startsWith(prefix))) {
      throw new UsageError(
        "bad-field",
        `The header field ${name} is not for a call to set. Leave it out.`,
      )
    }
  }
}

/** The platform's own error says what is wrong. */
function made<T>(make: () => T): T {
  try {
    return make()
  } catch (cause) {
    const reason = cause instanceof Error ? ` ${cause.message}` : ""
    throw new UsageError("bad-request", `This is no request that can be sent.${reason}`, { cause })
  }
}
