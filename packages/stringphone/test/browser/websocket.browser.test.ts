import { inject } from "vitest"
import { connectWebSocket } from "../../src/transport/websocket.js"
import { transportContract } from "../contract/transport-contract.js"

transportContract(
  "WebSocket, from a browser",
  async ({ inbox = {} }) => {
    const url = inject("hub")
    const [left, right] = await Promise.all([
      connectWebSocket({ url, inbox }),
      connectWebSocket({ url, inbox }),
    ])
    return { left, right }
  },
  { pausable: false, canFail: false, flood: 500 },
)
