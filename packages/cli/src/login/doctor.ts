import { ChannelError, PeerError, UsageError } from "stringphone/bytes"
import { type LoginSession, openSession } from "stringphone/session/login"
import type { Context } from "../context.js"
import { bad, type Check, good, unknown } from "../doctor/check.js"
import { reportKey } from "../person.js"
import { visible } from "../terminal/escape.js"
import { duration } from "../wording.js"
import { patientFetch } from "./patient-fetch.js"
import { chooseSession, type ChosenSession, originOf, type SessionChoice } from "./sessions.js"

const contentType = "application/stringphone-login"
const usualBase = "/.stringphone/login"
const briefFetch = patientFetch(15_000)
const clockToleranceMs = 60_000

/** `login doctor`: what works between here and a server, without a password. */
export async function examineLogin(context: Context, choice: SessionChoice): Promise<void> {
  const checks: Check[] = []
  const tell = (check: Check): void => {
    checks.push(check)
    if (!context.json) context.print(checkText(context, check), null)
  }
  await context.withRing(async ({ store }) => {
    const chosen = await chosenOr(context, store, choice, tell)
    const url = chosen?.status.url ?? addressIn(choice)
    if (url === null) return
    const advice = chosen ? ` If it has moved: ${context.command} login moved http://…` : ""
    if (!(await examineServer(url, tell, advice)) || !chosen) return
    const { login, realm } = chosen.status
    const session = await openSession({ store, realm, login, fetch: briefFetch })
    await examineCalls(context, { ...chosen, session }, tell)
  })
  const isOk = checks.every(({ ok }) => ok !== false)
  if (!isOk) process.exitCode = 1
  const { bad: red, good: green } = context.paint
  const end = isOk ? green("Nothing is wrong.") : red("Something is wrong; see ✘.")
  context.print(end, { ok: isOk, checks })
}

async function chosenOr(
  context: Context,
  store: Parameters<typeof chooseSession>[1],
  choice: SessionChoice,
  tell: (check: Check) => void,
): Promise<ChosenSession | null> {
  try {
    const chosen = await chooseSession(context, store, choice)
    const { device, login, realm } = chosen.status
    const who = `${visible(login)} at ${visible(realm)}`
    tell(good("session", `This key ring is logged in as ${who}, as "${visible(device)}".`))
    return chosen
  } catch (error) {
    if (!(error instanceof UsageError) || error.code !== "logged-out") throw error
    const there = choice.at === undefined && choice.login === undefined ? "" : " there"
    const known = choice.at === undefined ? null : originOf(choice.at)
    const advice = `Log in: ${context.command} login to ${known ?? "http://…"}`
    tell(bad("session", `This key ring has no session${there}.`, advice))
    return null
  }
}

/** Looks whether anything of ours answers; nothing of it is proven, and nothing is changed by it. */
async function examineServer(
  url: string,
  tell: (check: Check) => void,
  moreAdvice: string,
): Promise<boolean> {
  const { origin } = new URL(url)
  let answer: Response
  try {
    answer = await briefFetch(url, {
      method: "POST",
      headers: { "content-type": contentType },
      // No message of the protocol: what is one could count as an attempt.
      body: new Uint8Array(1),
      redirect: "manual",
    })
    await answer.body?.cancel()
  } catch {
    const advice = `Check the address, the network, and that the server runs (login serve).${moreAdvice}`
    tell(bad("reachable", `${origin} does not answer.`, advice))
    return false
  }
  tell(good("reachable", `${origin} answers.`))
  const isOurs = answer.status === 200 && answer.headers.get("content-type") === contentType
  if (!isOurs) {
    const text = `What answers there is no login server (HTTP ${answer.status}).`
    const advice = "Check the port and the path; a portal of the network may answer in its place."
    tell(bad("server", text, advice))
    return false
  }
  tell(good("server", "A login server answers there, or somebody who looks like one."))
  tell(clockCheck(answer.headers.get("date")))
  return true
}

function clockCheck(date: string | null): Check {
  const at = date === null ? NaN : Date.parse(date)
  if (Number.isNaN(at)) return unknown("clock", "The server tells no time; none is needed.")
  const difference = Math.abs(at - Date.now())
  if (difference < clockToleranceMs) return good("clock", "Both clocks agree; it would not matter.")
  return good(
    "clock",
    `The two clocks differ by ${duration(difference)}. That does not matter: nothing here depends on it.`,
  )
}

async function examineCalls(
  context: Context,
  { session, status }: ChosenSession,
  tell: (check: Check) => void,
): Promise<void> {
  try {
    const { length } = await session.devices()
    tell(good("sealed", `Sealed calls work: the answer is proven. Devices: ${length}.`))
  } catch (error) {
    tell(failedCheck(context, "sealed", error))
    return
  }
  const { serverKey } = await session.status()
  const { words } = reportKey(serverKey)
  tell(good("server-key", `It is the server that you logged in at: ${words}`))
  const refused = await signedRefusal(session, status.url)
  if (refused instanceof PeerError && refused.code === "unprotected") {
    tell(good("signed", "Signed calls work: nothing on the way changes them or their answers."))
  } else tell(failedCheck(context, "signed", refused))
}

/** Management is only by sealed calls: a proven no to a signed one shows the lane without calling the API. */
async function signedRefusal(session: LoginSession, url: string): Promise<unknown> {
  try {
    await session.signedFetch(`${url}/session`)
    return new PeerError("malformed", "The server answered a call that it should have refused.")
  } catch (error) {
    return error
  }
}

type Way = "sealed" | "signed"

function failedCheck(context: Context, way: Way, error: unknown): Check {
  const isKnown =
    error instanceof PeerError || error instanceof ChannelError || error instanceof UsageError
  if (!isKnown) throw error
  const name = way === "sealed" ? "Sealed" : "Signed"
  const text = `${name} calls fail: ${visible(error.message)}`
  const around = way === "signed" ? " Sealed calls get through: leave out --signed." : ""
  return bad(way, text, adviceFor(context, way, error.code) + around)
}

function adviceFor({ command }: Context, way: Way, code: string): string {
  switch (code) {
    case "revoked":
      return `${command} login to ADDRESS; if you did not end it yourself, look at login devices.`
    case "denied":
      return way === "sealed"
        ? "The server takes no calls at this address; its owner says which it takes: login serve --authority."
        : "A proxy in between may set another host or path than you asked for, or the server takes no calls at this address (login serve --authority)."
    case "unauthenticated-answer":
      return "Something between changes what goes by (a proxy, a filter, an attacker), or it is another server. Try another network."
    case "unreachable":
      return "The connection breaks; try again."
    default:
      return "Ask the server's owner to look at its log."
  }
}

function addressIn({ at }: SessionChoice): string | null {
  if (at === undefined || !/^https?:\/\//i.test(at) || !URL.canParse(at)) return null
  const { origin, pathname } = new URL(at)
  return origin + (pathname === "/" ? usualBase : pathname)
}

function checkText({ paint }: Context, { advice, ok, text }: Check): string {
  const mark = ok === null ? paint.dim("–") : ok ? paint.good("✔") : paint.bad("✘")
  return `${mark} ${text}${advice ? `\n    → ${advice}` : ""}`
}
