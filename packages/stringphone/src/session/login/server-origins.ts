import { UsageError } from "../../bytes/index.js"

/** How long a browser need not ask again: at the base, where all that comes is ours. */
const preflightSeconds = 7_200
/** Only a signed call is asked for with it. */
const signatureField = "signature-input"

/**
 * Pages of other origins that may log in and call from a browser, as the Fetch standard (CORS) has it. Who may do what is
 * none of this: a proof says that, and no browser adds one by itself, as it does cookies.
 */
export class Origins {
  readonly #listed: ReadonlySet<string>
  readonly #isAny: boolean

  private constructor(listed: readonly string[]) {
    this.#listed = new Set(listed)
    this.#isAny = this.#listed.has("*")
  }

  /** @throws {UsageError} `bad-origin` */
  static take(origins: readonly string[]): Origins {
    const wrong = origins.find((one) => one !== "*" && !isOrigin(one))
    if (wrong === undefined) return new Origins(origins)
    throw new UsageError(
      "bad-origin",
      `"${wrong}" is no origin. One is as http://page.example:8080, in lower case, without a path; "*" is any.`,
    )
  }

  /**
   * What a browser asks before it lets a page sign or seal.
   * @returns `null`: it asks for something else, or for a page that is not listed; the application may know more
   */
  preflight({ headers, method }: Request, isAtBase: boolean): Response | null {
    const wantedMethod = headers.get("access-control-request-method")
    const wantedFields = headers.get("access-control-request-headers") ?? ""
    if (method !== "OPTIONS" || wantedMethod === null) return null
    const isSigned = wantedFields
      .toLowerCase()
      .split(/\s*,\s*/)
      .includes(signatureField)
    const allowed = this.#allowed(headers)
    const isMessage = isAtBase && wantedMethod === "POST"
    if (allowed === null || !(isSigned || isMessage)) return null
    return new Response(null, {
      status: 204,
      headers: {
        "access-control-allow-origin": allowed,
        "access-control-allow-methods": wantedMethod,
        // All that a page sets is covered by its signature.
        "access-control-allow-headers": wantedFields,
        // Browsers keep methods and fields each by themselves: what was allowed for signed calls would let unsigned ones
        // through to the application, which was not asked.
        "access-control-max-age": String(isMessage ? preflightSeconds : 0),
        vary: "origin, access-control-request-method, access-control-request-headers",
      },
    })
  }

  /**
   * Lets the page see an answer. No proof covers the fields that are added, and none that is covered is changed: what
   * the application says itself stays. [LOGIN-7-7]
   */
  show(answer: Response, { headers: asked }: Request): Response {
    const { headers } = answer
    const exposed = [...headers.keys()].join(", ")
    const allowed = this.#allowed(asked)
    const added = [
      ["vary", this.#isAny ? null : "origin"],
      ["access-control-allow-origin", allowed],
      // A field that is covered and not seen is a proof that is wrong.
      ["access-control-expose-headers", allowed === null || exposed === "" ? null : exposed],
    ] as const
    for (const [name, value] of added) {
      if (value !== null && !headers.has(name)) headers.set(name, value)
    }
    return answer
  }

  /** As a browser is told. */
  #allowed(headers: Headers): string | null {
    const origin = headers.get("origin")
    if (origin === null) return null
    if (this.#isAny) return "*"
    return this.#listed.has(origin) ? origin : null
  }
}

function isOrigin(text: string): boolean {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^*/?#@\s\\]+$/.test(text)) return false
  // Schemes of apps and extensions have no origin that `URL` knows.
  return !/^https?:/.test(text) || (URL.canParse(text) && new URL(text).origin === text)
}
