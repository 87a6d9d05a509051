import { randomChannel } from "../channel.js"

/** What `bridge init` prints: to be changed, and right as it stands. */
export function exampleBridge(): object {
  return {
    local: "mqtt://127.0.0.1:1883",
    broker: `mqtts://broker.example/${randomChannel()}`,
    topic: "house",
    export: ["zigbee2mqtt/+", "tele/#", "stat/#"],
    except: ["zigbee2mqtt/bridge/#"],
    commands: [
      { topics: ["zigbee2mqtt/+/set", "cmnd/+/POWER"], from: "verified" },
      { topics: "zigbee2mqtt/front door/set", from: ["Ada's phone"] },
    ],
  }
}

/** The other end: for whom `broker` and its channel are those of the bridge. */
export function exampleMirror(): object {
  return {
    local: "mqtt://127.0.0.1:1883",
    broker: "mqtts://broker.example/stringphone/COPY-IT-FROM-THE-BRIDGE",
    topic: "house",
    mirror: { prefix: "house/", from: "verified", commands: ["zigbee2mqtt/+/set"] },
  }
}
