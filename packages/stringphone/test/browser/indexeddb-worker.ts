import { fromUtf8, utf8 } from "../../src/bytes/index.js"
import { update } from "../../src/store/index.js"
import { openIndexedDbStore } from "../../src/store/indexeddb.js"

/** Increments "n" of the store as often as it is told, and answers when it is done. */
addEventListener("message", (event: MessageEvent<{ name: string; count: number }>) => {
  void increment(event.data.name, event.data.count).then(() => postMessage("done"))
})

async function increment(name: string, count: number): Promise<void> {
  const store = await openIndexedDbStore({ name })
  for (let i = 0; i < count; i++) {
    await update(store, "n", (current) =>
      utf8(String((current === null ? 0 : Number(fromUtf8(current))) + 1)),
    )
  }
  await store.close()
}
