import { type MqttOptions, connectMqtt } from "../../src/transport/mqtt.js"
import { type Outage, transportContract } from "../contract/transport-contract.js"
import {
  type OpenChannel,
  presenceContract,
  retainedContract,
} from "../contract/transport-retained-contract.js"

/** A topic of its own for each test: late messages of one must not reach the next. */
let topics = 0

/** The contract of all transports, for one broker; functions, because it starts later. */
export function mqttContract(
  name: string,
  broker: () => Outage,
  where: () => Omit<MqttOptions, "topic">,
  flood = 10_000,
): void {
  transportContract(
    name,
    async ({ inbox = {}, backoff }) => {
      const common = { ...where(), topic: `test/${topics++}`, inbox }
      const [left, right] = await Promise.all([
        connectMqtt({ ...common, backoff: backoff?.left ?? {} }),
        connectMqtt({ ...common, backoff: backoff?.right ?? {} }),
      ])
      return { left, right, outage: broker() }
    },
    { pausable: true, canFail: true, flood },
  )

  const openChannel =
    (present: boolean): OpenChannel =>
    () => {
      const topic = `test/${topics++}`
      return (id) => connectMqtt({ ...where(), topic, ...(present && { presence: { id } }) })
    }
  retainedContract(name, openChannel(false))
  presenceContract(name, openChannel(true))
}
