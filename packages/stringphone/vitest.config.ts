import { join } from "node:path"
import { playwright } from "@vitest/browser-playwright"
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config"
import { chromiumFlags, findChromium } from "../../scripts/chromium.mjs"

const root = import.meta.dirname

/** Where a suite runs follows from its folder and its name; docs/testing.md has the table. */
const everywhere = "test/**/*.test.ts"
const nodeOnly = "test/**/*.node.test.ts"
const browserOnly = "test/browser/**"
/** About the network, the disk or the repository: which engine runs makes no difference. */
const withoutCrypto = [
  "test/real/**",
  "test/store/**",
  "test/transport/**",
  "test/surface/**",
  "test/contract/store*",
  "test/contract/envelope-store*",
  "test/contract/transport*",
]

/**
 * Linters, reports and examples do not depend on the line of Node, and IRC servers take lines at their
 * own pace, for minutes: TCP and TLS are tried on all lines by the other transports.
 */
const onOneLineOnly = ["test/surface/**", "test/real/irc-*", "test/real/room-irc*"]

/** For machines that do much else: no test says how fast something is. */
const patience = { testTimeout: 60_000, hookTimeout: 60_000 }

/** The source says `#engine`, and the package's conditions choose; here the project does. */
function withEngine(engine: "node" | "portable") {
  return { alias: { "#engine": join(root, "src", "crypto", `${engine}.ts`) } }
}

const native: TestProjectInlineConfiguration = {
  root,
  resolve: withEngine("node"),
  test: {
    ...patience,
    name: "native",
    environment: "node",
    include: [everywhere],
    exclude: [browserOnly, ...(process.env["STRINGPHONE_NODE_LINE"] ? onOneLineOnly : [])],
    provide: { engine: "native" },
  },
}

const portable: TestProjectInlineConfiguration = {
  root,
  resolve: withEngine("portable"),
  test: {
    ...patience,
    name: "portable",
    environment: "node",
    include: [everywhere],
    exclude: [browserOnly, ...withoutCrypto],
    provide: { engine: "portable" },
  },
}

function inChromium(executablePath: string): TestProjectInlineConfiguration {
  return {
    root,
    resolve: withEngine("portable"),
    // A dependency that is found late reloads the page in the middle of the tests.
    optimizeDeps: { include: ["fast-check", "mqtt"], entries: ["src/**/index.ts"] },
    test: {
      ...patience,
      name: "chromium",
      include: [everywhere],
      exclude: [nodeOnly, ...withoutCrypto],
      provide: { engine: "portable" },
      globalSetup: ["test/browser/brokers.ts"],
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({
          launchOptions: {
            executablePath,
            args: chromiumFlags,
          },
        }),
        instances: [{ browser: "chromium" }],
      },
    },
  }
}

const chromium = findChromium()

export const projects: TestProjectInlineConfiguration[] = [
  native,
  portable,
  ...(chromium === null ? [] : [inChromium(chromium)]),
]

export default defineConfig({ test: { projects } })
