export interface Notice {
  readonly id: number
  readonly sentence: string
  /** `news` is good to know; a `warning` may ask for something to be done. */
  readonly level: "news" | "warning"
  readonly times: number
  /** What it is about; a later notice about the same replaces it. */
  readonly about: string
}

const maxNotices = 4

/** What is only good to know goes by itself. */
const newsMs = 15_000

/** What happened, one line a sentence, until a person puts it away. */
export class Notices {
  all = $state.raw<readonly Notice[]>([])
  #nextId = 1

  add(sentence: string, level: Notice["level"] = "warning", about = sentence): void {
    const known = this.all.find((notice) => notice.about === about)
    const times = known?.sentence === sentence ? known.times + 1 : 1
    const notice = { id: this.#nextId++, sentence, level, times, about }
    const others = this.all.filter((one) => one !== known)
    this.all = [...others, notice].slice(-maxNotices)
    if (level === "news") setTimeout(() => this.dismiss(notice.id), newsMs)
  }

  dismiss(id: number): void {
    this.all = this.all.filter((notice) => notice.id !== id)
  }

  /** It is over by itself. */
  withdraw(about: string): void {
    if (this.all.some((notice) => notice.about === about)) {
      this.all = this.all.filter((notice) => notice.about !== about)
    }
  }
}
