export const phoneDatabase = "stringphone phone"
const keyRingDatabase = "stringphone key ring"

/** Deletes everything that this page has ever stored. Its connections must be closed. */
export async function forgetEverything(): Promise<void> {
  await Promise.all([keyRingDatabase, phoneDatabase].map(deleteDatabase))
  if (!("caches" in globalThis)) return // no secure context: there is neither cache nor worker
  for (const name of await caches.keys()) await caches.delete(name)
  for (const worker of await navigator.serviceWorker.getRegistrations()) await worker.unregister()
}

function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name)
    request.onsuccess = () => resolve()
    request.onerror = () => reject(request.error ?? new Error(`${name} could not be deleted`))
  })
}
