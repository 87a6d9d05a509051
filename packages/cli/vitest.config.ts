import { defineConfig } from "vitest/config"

// The command line is tested as it is installed: child processes of what is built.
export default defineConfig({
  test: {
    name: "cli",
    root: import.meta.dirname,
    environment: "node",
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
