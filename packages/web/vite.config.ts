import { fileURLToPath } from "node:url"
import { svelte } from "@sveltejs/vite-plugin-svelte"
import { defineConfig } from "vite"

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export default defineConfig({
  plugins: [svelte()],
  resolve: {
    // The library imports "mqtt" by itself; see the module for what the page changes.
    alias: [{ find: /^mqtt$/, replacement: path("src/lib/mqtt-client.ts") }],
  },
  build: {
    outDir: "../cli/dist/web",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    // An inlined file would be a data: URL, which the content security policy refuses.
    assetsInlineLimit: 0,
  },
})
