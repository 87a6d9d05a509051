export interface Notice {
  readonly id: number
  readonly sentence: string
  readonly times: number
}

const maxNotices = 4

/** What went wrong, one line a sentence, until a person puts it away. */
export class Notices {
  all = $state.raw<readonly Notice[]>([])
  #nextId = 1

  add(sentence: string): void {
    const known = this.all.find((notice) => notice.sentence === sentence)
    this.all = known
      ? this.all.map((notice) => (notice === known ? { ...known, times: known.times + 1 } : notice))
      : [...this.all, { id: this.#nextId++, sentence, times: 1 }].slice(-maxNotices)
  }

  dismiss(id: number): void {
    this.all = this.all.filter((notice) => notice.id !== id)
  }
}
