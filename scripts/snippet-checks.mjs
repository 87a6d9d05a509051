// What `// → …` in an example calls when the example runs as a test.
import { format, inspect } from "node:util"

/** White space and trailing semicolons aside, as people write values: inspected, as JSON or as text. */
export function value(found, expected) {
  const forms = [inspect(found), inspect(found, { breakLength: Infinity }), JSON.stringify(found)]
  if (typeof found !== "object") forms.push(String(found))
  if (typeof found === "string") forms.push(`'${found}'`)
  if (!forms.some((form) => form !== undefined && plain(form) === plain(expected))) {
    throw new Error(`the example says ${expected}, it is ${inspect(found)}`)
  }
}

export function printed(args, expected) {
  const found = format(...args)
  if (plain(found) !== plain(expected)) {
    throw new Error(`the example says ${expected}, it prints ${found}`)
  }
}

export function throws(run, expected) {
  let error
  try {
    run()
  } catch (caught) {
    error = caught
  }
  same(error, expected)
}

export async function rejects(run, expected) {
  let error
  try {
    await run()
  } catch (caught) {
    error = caught
  }
  same(error, expected)
}

function same(error, expected) {
  const name = expected.slice("throws ".length)
  if (error === undefined) throw new Error(`the example ${expected}, it throws nothing`)
  if (![error.name, error.code, error.message].includes(name)) {
    throw new Error(`the example ${expected}, it throws ${inspect(error)}`)
  }
}

function plain(text) {
  return text.replaceAll(/\s+/g, "")
}
