import { type NatsOptions, connectNats } from "../../src/transport/nats.js"
import { type Outage, transportContract } from "../contract/transport-contract.js"
import { retainedContract } from "../contract/transport-retained-contract.js"

/** A subject of its own for each test: late messages of one must not reach the next. */
let subjects = 0

/** The contract of all transports, for one server; functions, because it starts later. */
export function natsContract(
  name: string,
  server: () => Outage,
  where: () => Omit<NatsOptions, "subject" | "jetstream">,
  flood?: number,
): void {
  for (const streams of [false, true]) {
    const own = (): Omit<NatsOptions, "url"> => {
      const word = `test-${subjects++}`
      return { subject: `${word}.garden`, ...(streams && { jetstream: { stream: word } }) }
    }
    const named = `${name}${streams ? ", with JetStream" : ""}`
    transportContract(
      named,
      async ({ inbox = {}, backoff }) => {
        const common = { ...where(), ...own(), inbox }
        const [left, right] = await Promise.all([
          connectNats({ ...common, backoff: backoff?.left ?? {} }),
          connectNats({ ...common, backoff: backoff?.right ?? {} }),
        ])
        return { left, right, outage: server() }
      },
      { pausable: streams, canFail: true, ...(flood !== undefined && { flood }) },
    )
    if (streams) {
      retainedContract(named, () => {
        const common = { ...where(), ...own() }
        return () => connectNats(common)
      })
    }
  }
}
