import { expect, inject, test } from "vitest"
import { cryptoEngine } from "../../src/crypto/index.js"

declare module "vitest" {
  interface ProvidedContext {
    /** The engine that this run promises to test, from vitest.config.ts. */
    engine: "native" | "portable"
  }
}

test("this run really tests the engine it says", () => {
  expect(cryptoEngine()).toBe(inject("engine"))
})
