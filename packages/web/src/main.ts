import "./app.css"
import { mount } from "svelte"
import App from "./App.svelte"

const target = document.getElementById("app")
if (target) mount(App, { target })

// Not over plain HTTP in a local network: browsers allow it in secure contexts only.
if (import.meta.env.PROD && isSecureContext && "serviceWorker" in navigator) {
  navigator.serviceWorker.register("/service-worker.js").catch(() => {
    // Without it the page only needs its home to open.
  })
}
