import type { ServerResponse } from "node:http"

/** Answers with one sentence, which nobody keeps. */
export function say(response: ServerResponse, status: number, sentence: string): void {
  response.statusCode = status
  response.setHeader("Content-Type", "text/plain; charset=utf-8")
  response.setHeader("Cache-Control", "no-store")
  response.end(`${sentence}\n`)
}
