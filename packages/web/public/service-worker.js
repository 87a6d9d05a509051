// Keeps the page itself, so that it opens without its home and says what is missing. What it shows
// comes over the channel and is never kept here. Runs only where the browser allows it (HTTPS or
// localhost).
const cacheName = "string-phone-shell"

self.addEventListener("install", () => self.skipWaiting())
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()))

self.addEventListener("fetch", (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== "GET" || url.origin !== self.location.origin) return
  const isShell = request.mode === "navigate" ? url.pathname === "/" : isPart(url.pathname)
  if (isShell) event.respondWith(networkFirst(request))
})

function isPart(path) {
  return path.startsWith("/assets/") || ["/home.json", "/icon.svg"].includes(path)
}

async function networkFirst(request) {
  const cache = await caches.open(cacheName)
  try {
    const response = await fetch(request)
    if (response.ok) await cache.put(request, response.clone())
    return response
  } catch (error) {
    const kept = await cache.match(request)
    if (kept) return kept
    throw error
  }
}
