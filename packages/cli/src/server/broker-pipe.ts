import { connect as connectTcp } from "node:net"
import { type Duplex, pipeline } from "node:stream"
import { connect as connectTls } from "node:tls"
import { createWebSocketStream, WebSocket } from "ws"
import { LoginInserter } from "./broker-login.js"

/**
 * Pipes a client's bytes to a broker elsewhere and back: MQTT over WebSocket is the same stream of
 * bytes as MQTT over TCP or TLS. When either side ends, both do.
 */
export function pipeToBroker(brokerUrl: string, client: Duplex): void {
  const url = new URL(brokerUrl)
  const broker = dial(url)
  const end = (): void => {
    client.destroy()
    broker.destroy()
  }
  if (url.username === "") pipeline(client, broker, end)
  else {
    const [username, password] = [url.username, url.password].map(decodeURIComponent)
    pipeline(client, new LoginInserter(username ?? "", password ?? ""), broker, end)
  }
  pipeline(broker, client, end)
}

function dial(url: URL): Duplex {
  const host = url.hostname.replace(/^\[|\]$/g, "")
  switch (url.protocol) {
    case "mqtt:":
      return connectTcp({ host, port: Number(url.port || 1883), noDelay: true })
    case "mqtts:":
      return connectTls({ host, port: Number(url.port || 8883), servername: host })
    default: {
      const bare = new URL(url)
      bare.username = ""
      bare.password = ""
      return createWebSocketStream(new WebSocket(bare, "mqtt"))
    }
  }
}
