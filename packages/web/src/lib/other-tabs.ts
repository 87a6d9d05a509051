/** Tells the other tabs of this browser that this one receives now, and hears it of them. */
export class OtherTabs {
  readonly #channel = new BroadcastChannel("stringphone receiver")

  constructor(onTaken: () => void) {
    this.#channel.onmessage = () => onTaken()
  }

  tell(): void {
    this.#channel.postMessage("taken")
  }
}
