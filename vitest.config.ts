import { existsSync } from "node:fs"
import { join } from "node:path"
import { defineConfig, type TestProjectConfiguration } from "vitest/config"
import { projects as library } from "./packages/stringphone/vitest.config.ts"

/** A package may bring a configuration of its own; without one its test/ runs in Node. */
function project(name: string): TestProjectConfiguration {
  const root = join(import.meta.dirname, "packages", name)
  const own = join(root, "vitest.config.ts")
  if (existsSync(own)) return own
  return { root, test: { name, environment: "node", include: ["test/**/*.test.ts"] } }
}

export default defineConfig({
  test: { projects: [...library, project("cli"), project("web")] },
})
