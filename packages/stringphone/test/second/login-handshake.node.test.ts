// Logins and registrations, as a second implementation in Python computes them: vectors/login-handshake.test.ts.
import { expect, test } from "vitest"
import { requirePython, runPython } from "./python.js"

const hasPython = requirePython("a login")

test.skipIf(!hasPython)("the vectors are what Python writes", () => {
  const { status, stderr } = runPython("login_handshake_vectors.py", "--check")
  expect([status, stderr]).toEqual([0, ""])
})
