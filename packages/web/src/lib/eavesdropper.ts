/** What the home does to the wire when it is asked to. */
export type Mischief = "flip" | "replay" | "drop" | "inject"

/** Asks the home to be its own enemy. @returns why it did not, or `null` */
export async function doMischief(mischief: Mischief): Promise<string | null> {
  try {
    const response = await fetch("/eavesdropper", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ do: mischief }),
    })
    if (response.ok) return null
    const sentence = (await response.text()).trim()
    return sentence !== "" && sentence.length < 200
      ? sentence
      : `The home did not do it (${response.status}).`
  } catch {
    return "The home does not answer. Is “stringphone up” running?"
  }
}
