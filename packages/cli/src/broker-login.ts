import { askSecret } from "./terminal/ask.js"

/** Asks for the password of a broker's URL that has a user name only, where there is a terminal. */
export async function completeLogin(brokerUrl: string): Promise<string> {
  const url = new URL(brokerUrl)
  if (url.username === "" || url.password !== "" || !process.stdin.isTTY) return brokerUrl
  const password = await askSecret(`Password of the user at the broker ${url.host}: `)
  url.password = encodeURIComponent(password)
  return url.href
}
