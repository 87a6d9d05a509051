import { UsageError } from "../bytes/index.js"

/** An optional library could not be loaded. */
export function missingPeer(name: string, cause: unknown): UsageError {
  return new UsageError(
    "missing-peer",
    `This transport needs the package "${name}", which could not be loaded. Run: npm install ${name}`,
    { cause },
  )
}
