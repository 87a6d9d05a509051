import { PeerError } from "../../bytes/index.js"

/** The text is no packet or fragment of a classic room: too short, too long, wrong letters. */
export class MalformedPacketError extends PeerError {
  override readonly name = "MalformedPacketError"
  constructor(message: string) {
    super("malformed-packet", message)
  }
}
