import { pipeline, type Readable, type Transform } from "node:stream"
import { constants, createBrotliDecompress, createUnzip } from "node:zlib"

type Fields = readonly [name: string, value: string][]

/**
 * The answer of an API that compresses although nobody asked for it, without that: no client of ours decodes what is
 * sealed, and the platform's `fetch` decodes what is signed before anybody has looked at its digest.
 */
export function decoded(
  stream: Readable,
  fields: Fields,
): { readonly stream: Readable; readonly fields: Fields } {
  const codings = fields.filter(([name]) => name === "content-encoding").map(([, value]) => value)
  const decoder = decoderOf(codings.join(",").trim().toLowerCase())
  if (!decoder) return { stream, fields }
  // Whoever reads it hears of an error.
  pipeline(stream, decoder, () => undefined)
  return { stream: decoder, fields: fields.filter(([name]) => name !== "content-encoding") }
}

/** Where it ends, HTTP has said: an answer without content is none that was cut. */
function decoderOf(coding: string): Transform | null {
  switch (coding) {
    case "gzip":
    case "x-gzip":
    case "deflate":
      return createUnzip({ finishFlush: constants.Z_SYNC_FLUSH })
    case "br":
      return createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH })
    default:
      return null
  }
}
