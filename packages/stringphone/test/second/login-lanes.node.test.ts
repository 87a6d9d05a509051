// The vectors of lanes and sealed calls are those of a second implementation, in Python on libsodium.
import { expect, test } from "vitest"
import { requirePython, runPython } from "./python.js"

test.skipIf(!requirePython("lanes of logins"))("the vectors are what it makes", () => {
  const { status, stderr, stdout } = runPython("login_lanes_vectors.py", "--check")
  expect([stderr, status]).toEqual(["", 0])
  expect(stdout).toMatch(/^\d+ checks passed/)
})
