import { PeerError } from "../../bytes/index.js"
import {
  encodeCredit,
  type Parcels,
  type Piece,
  Reassembly,
  stampBytes,
} from "../../mailbox/hub/index.js"

export interface ReceivingPorts {
  /** Resolves when they are stored, or refused. */
  readonly accept: (parcels: readonly Uint8Array[]) => Promise<void>
  readonly sendCredit: (body: Uint8Array) => void
}

/** What comes from one peer in one run: no more than it was granted. [SYNC-2-12] */
export class LinkReceiving {
  readonly #ports: ReceivingPorts
  readonly #run: number
  readonly #windowBytes: number
  readonly #reassembly: Reassembly
  #granted: number
  /** What the sender says that it has sent. */
  #position = 0
  #receivedBytes = 0
  #parcelCount = 0

  constructor(
    ports: ReceivingPorts,
    options: {
      readonly run: number
      readonly windowBytes: number
      readonly maxEnvelopeBytes: number
    },
  ) {
    this.#ports = ports
    this.#run = options.run
    this.#windowBytes = options.windowBytes
    this.#granted = options.windowBytes
    this.#reassembly = new Reassembly(stampBytes + options.maxEnvelopeBytes)
  }

  get receivedBytes(): number {
    return this.#receivedBytes
  }

  get parcelCount(): number {
    return this.#parcelCount
  }

  /** @throws {PeerError} `over-credit` */
  async takeParcels({ parcels, position }: Parcels): Promise<void> {
    const bytes = parcels.reduce((sum, { length }) => sum + length, 0)
    this.#count(position, bytes)
    await this.#accept(parcels)
    this.#grant()
  }

  /** @throws {PeerError} `over-credit`, `malformed`, `missing-piece` */
  async takePiece(piece: Piece): Promise<void> {
    this.#count(piece.position, piece.piece.length)
    try {
      const parcel = this.#reassembly.add(piece)
      if (parcel) await this.#accept([parcel])
    } finally {
      this.#grant()
    }
  }

  #count(position: number, bytes: number): void {
    this.#receivedBytes += bytes
    this.#position = Math.max(this.#position, position)
    if (this.#position > this.#granted || this.#receivedBytes > this.#granted) {
      throw new PeerError("over-credit", "A hub sent more than it was granted.")
    }
  }

  async #accept(parcels: readonly Uint8Array[]): Promise<void> {
    this.#parcelCount += parcels.length
    await this.#ports.accept(parcels)
  }

  /** When half of the window is used up: not for each frame. */
  #grant(): void {
    const position = this.#position + this.#windowBytes
    if (position - this.#granted < this.#windowBytes / 2) return
    this.#granted = position
    this.#ports.sendCredit(encodeCredit({ run: this.#run, position }))
  }
}
