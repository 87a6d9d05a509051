import {
  encodeParcels,
  encodePiece,
  parcelLengthBytes,
  parcelsHeaderBytes,
  pieceHeaderBytes,
} from "../../mailbox/hub/index.js"

export interface SendingPorts {
  /** The parcels of these, as far as they are (still) here. */
  readonly read: (ids: readonly Uint8Array[]) => Promise<readonly Uint8Array[]>
  readonly send: (kind: "parcels" | "piece", body: Uint8Array) => Promise<void>
}

/** So many are read from the store at once. */
const batchCount = 32

/** What goes to one peer in one run: as much as it grants, in frames as large as it takes. [SYNC-2-12] */
export class LinkSending {
  readonly #ports: SendingPorts
  readonly #run: number
  /** Of a frame without its header. */
  readonly #maxBodyBytes: number
  #queue: Uint8Array[] = []
  /** How many of the queue were read: taking them off one by one would cost more. */
  #readCount = 0
  #granted: number
  #position = 0
  #parcelCount = 0
  #isWorking = false
  #isClosed = false
  #wake: () => void = () => {}
  #onIdle: () => void = () => {}

  constructor(
    ports: SendingPorts,
    options: { readonly run: number; readonly windowBytes: number; readonly maxBodyBytes: number },
  ) {
    this.#ports = ports
    this.#run = options.run
    this.#granted = options.windowBytes
    // More is granted when half of the window is used: a larger frame might wait for ever.
    this.#maxBodyBytes = Math.min(options.maxBodyBytes, Math.floor(options.windowBytes / 2))
  }

  /** Bytes of parcels sent so far. */
  get position(): number {
    return this.#position
  }

  get parcelCount(): number {
    return this.#parcelCount
  }

  get isIdle(): boolean {
    return !this.#isWorking && this.#queue.length === this.#readCount
  }

  set onIdle(call: () => void) {
    this.#onIdle = call
  }

  add(ids: readonly Uint8Array[], onTrouble: (error: unknown) => void): void {
    for (const id of ids) this.#queue.push(id)
    if (this.#isWorking || this.#isClosed || ids.length === 0) return
    this.#isWorking = true
    this.#work()
      .catch(onTrouble)
      .finally(() => {
        this.#isWorking = false
        if (!this.#isClosed) this.#onIdle()
      })
  }

  grant(position: number): void {
    this.#granted = Math.max(this.#granted, position)
    this.#wake()
  }

  close(): void {
    this.#isClosed = true
    this.#queue = []
    this.#readCount = 0
    this.#wake()
  }

  async #work(): Promise<void> {
    while (this.#queue.length > this.#readCount && !this.#isClosed) {
      const ids = this.#queue.slice(this.#readCount, this.#readCount + batchCount)
      this.#readCount += ids.length
      const parcels = await this.#ports.read(ids)
      for (const frame of packed(parcels, this.#maxBodyBytes)) {
        const first = frame[0]
        if (first && parcelLengthBytes + first.length > roomIn(this.#maxBodyBytes)) {
          await this.#sendPieces(first)
        } else {
          await this.#sendWhole(frame)
        }
        this.#parcelCount += frame.length
      }
    }
  }

  async #sendWhole(parcels: readonly Uint8Array[]): Promise<void> {
    if (!(await this.#advance(totalBytes(parcels)))) return
    const body = encodeParcels({ run: this.#run, position: this.#position, parcels })
    await this.#ports.send("parcels", body)
  }

  async #sendPieces(parcel: Uint8Array): Promise<void> {
    const pieceBytes = this.#maxBodyBytes - pieceHeaderBytes
    for (let offset = 0; offset < parcel.length; offset += pieceBytes) {
      const piece = parcel.subarray(offset, offset + pieceBytes)
      if (!(await this.#advance(piece.length))) return
      const place = { run: this.#run, position: this.#position, total: parcel.length, offset }
      await this.#ports.send("piece", encodePiece({ ...place, piece }))
    }
  }

  /** Waits until so much may be sent. @returns whether it may; not after `close` */
  async #advance(length: number): Promise<boolean> {
    while (this.#position + length > this.#granted && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#position += length
    return !this.#isClosed
  }
}

/** Cut into frames, each full; one that fits into none is alone. */
export function packed(parcels: readonly Uint8Array[], maxBodyBytes: number): Uint8Array[][] {
  const frames: Uint8Array[][] = []
  let room = 0
  for (const parcel of parcels) {
    const bytes = parcelLengthBytes + parcel.length
    if (bytes > room) {
      frames.push([])
      room = roomIn(maxBodyBytes)
    }
    frames.at(-1)?.push(parcel)
    room -= bytes
  }
  return frames
}

function roomIn(maxBodyBytes: number): number {
  return maxBodyBytes - parcelsHeaderBytes
}

function totalBytes(parcels: readonly Uint8Array[]): number {
  return parcels.reduce((sum, { length }) => sum + length, 0)
}
