import type { Line } from "./line.js"

/** What a question is answered with: numerics that belong to it, and those that end it. */
interface Shape {
  readonly replies: ReadonlySet<string>
  readonly ends: ReadonlySet<string>
}

function shape(replies: string, ends: string): Shape {
  const [all, last] = [replies, ends].map((text) => new Set(text.split(" ").filter(Boolean)))
  return { replies: all ?? new Set(), ends: last ?? new Set() }
}

const whois = shape(
  "275 276 301 307 308 309 310 311 312 313 316 317 319 320 330 335 337 338 344 350 378 379 401 671",
  "318 402 431",
)

const shapes: Readonly<Record<string, Shape>> = {
  WHOIS: whois,
  WHOWAS: shape("314 312 330 338 406", "369"),
  WHO: shape("352 354", "315"),
  LIST: shape("321 322", "323"),
  NAMES: shape("353", "366"),
  TOPIC: shape("332", "331 333 442 403"),
  USERHOST: shape("", "302"),
  USERIP: shape("", "340"),
  ISON: shape("", "303"),
  TIME: shape("", "391"),
  VERSION: shape("", "351"),
  ADMIN: shape("256 257 258", "259 423"),
  INFO: shape("371", "374"),
  LINKS: shape("364", "365"),
  LUSERS: shape("251 252 253 254 255 265", "266"),
  STATS: shape("211 212 213 214 215 216 217 218 241 242 243 244 249", "219"),
  MOTD: shape("375 372", "376 422"),
  HELP: shape("704 705", "706 524"),
  INVITE: shape("", "341 443 482"),
  AWAY: shape("", "305 306"),
}

/** Of `MODE #channel`, by what it asks for. */
const modeShapes: Readonly<Record<string, Shape>> = {
  "": shape("324", "329"),
  b: shape("367", "368"),
  e: shape("348", "349"),
  I: shape("346", "347"),
  q: shape("728", "729"),
}

interface Question<Asker> {
  readonly asker: Asker
  readonly shape: Shape
  readonly atMs: number
}

/**
 * Who asked what: the server answers in the order of the questions, so an answer belongs to the
 * oldest question that it fits.
 */
export class Answers<Asker> {
  #open: Question<Asker>[] = []
  #last: Asker | null = null

  /** A client's line goes to the server. */
  ask(asker: Asker, line: Line, nowMs: number): void {
    this.#last = asker
    const shape = shapeOf(line)
    this.#open = this.#open.filter(({ atMs }) => nowMs - atMs < maxWaitMs)
    if (shape) this.#open.push({ asker, shape, atMs: nowMs })
  }

  /** @returns who asked for this numeric, or `null`: it is for everybody. */
  claim({ command }: Line): Asker | null {
    const question = this.#open.find(
      ({ shape }) => shape.replies.has(command) || shape.ends.has(command),
    )
    if (question?.shape.ends.has(command)) this.#open.splice(this.#open.indexOf(question), 1)
    if (question) return question.asker
    // A refusal is for whoever spoke last: that client's command was most probably the one.
    return /^[45]\d\d$/.test(command) ? this.#last : null
  }

  forget(asker: Asker): void {
    this.#open = this.#open.filter((question) => question.asker !== asker)
    if (this.#last === asker) this.#last = null
  }

  clear(): void {
    this.#open = []
  }
}

/** A question that the server ignored must not take another's answer for ever. */
const maxWaitMs = 30_000

function shapeOf({ command, params }: Line): Shape | null {
  if (command === "MODE") {
    const [, modes = ""] = params
    return params.length <= 2 ? (modeShapes[modes.replace(/^[+-]/, "")] ?? null) : null
  }
  if (command === "TOPIC" && params.length > 1) return null
  return shapes[command] ?? null
}
