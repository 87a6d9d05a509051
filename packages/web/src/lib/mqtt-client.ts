import type { IClientOptions, MqttClient } from "mqtt"
import mqtt from "mqtt/dist/mqtt.esm"

/**
 * What the library gets when it imports "mqtt". By itself mqtt.js keeps its keepalive time in a
 * worker made from a blob: URL, which our content security policy (`default-src 'self'`) refuses;
 * the broker would then drop the connection every 45 seconds.
 */
export function connect(options: IClientOptions): MqttClient {
  return mqtt.connect({ ...options, timerVariant: "native" })
}
