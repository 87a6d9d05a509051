import { afterEach, expect, it, vi } from "vitest"
import { requireProgram } from "../real/require-program.js"

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

it("says what to install, and is an error on the build server", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {})
  vi.stubEnv("CI", "")
  expect(requireProgram("no-such-program", "nothing")).toBeNull()
  expect(warn).toHaveBeenCalledExactlyOnceWith(
    "Skipped: needs no-such-program. Install it with: apt install nothing",
  )
  vi.stubEnv("CI", "true")
  expect(() => requireProgram("no-such-program", "nothing")).toThrow("apt install nothing")
  expect(requireProgram("sh", "dash")).toMatch(/\/sh$/)
})
