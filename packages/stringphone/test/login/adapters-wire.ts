// Calls of a device as bytes of a connection, which no platform puts right.
import { answersIn, type Port, type RawAnswer, type Told } from "./adapters-scene.js"
import { base, type CallAnswer, type Device } from "./session-server-scene.js"

export interface Sending {
  readonly fields?: readonly [string, string][]
  /** Sent and not signed. */
  readonly added?: string
  readonly body?: string
  /** Sent instead. */
  readonly target?: string
}

type Signed = Awaited<ReturnType<Device["sign"]>>

export async function signedBytes(
  device: Device,
  call: string,
  { added = "", body = "", fields = [], target }: Sending = {},
): Promise<{ readonly bytes: string; readonly proof: Signed["proof"] }> {
  const [method = "", path = ""] = call.split(" ")
  const { proof, request } = await device.sign(call, body, [...fields])
  const own = [...request.headers].filter(([name]) => !fields.some(([one]) => one === name))
  const length: [string, string][] = body === "" ? [] : [["content-length", `${body.length}`]]
  const lines = [...own, ...fields, ...length]
    .filter(([name]) => name !== "content-type" || fields.length > 0)
    .map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `${method} ${target ?? path} HTTP/1.1\r\nHost: lamp.example\r\n`
  return { bytes: `${head}${lines.join("")}${added}\r\n${body}`, proof }
}

export async function signedOn(
  port: Port,
  device: Device,
  call: string,
  { added = "", ...sending }: Sending = {},
): Promise<CallAnswer> {
  const close = `${added}Connection: close\r\n`
  const { bytes, proof } = await signedBytes(device, call, { ...sending, added: close })
  return verified(device, answersIn(await port.raw(bytes))[0], proof)
}

export function verified(
  device: Device,
  answer: RawAnswer | undefined,
  proof: Signed["proof"],
): Promise<CallAnswer> {
  const headers = new Headers(
    answer?.fields.map(([name, value]): [string, string] => [name, value]),
  )
  const body = new Uint8Array(answer?.body ?? [])
  return device.verify(new Response(body, { status: answer?.status ?? 0, headers }), proof)
}

/** By a connection of its own. */
export async function sealedOn(port: Port, device: Device, call: string): Promise<CallAnswer> {
  const sent = await device.seal(call)
  const head =
    `POST ${base} HTTP/1.1\r\nHost: lamp.example\r\nConnection: close\r\n` +
    `Content-Type: application/stringphone-login\r\nContent-Length: ${sent.bytes.length}\r\n\r\n`
  const [answer] = answersIn(await port.raw(head, sent.bytes))
  return device.openSealed(sent, new Uint8Array(answer?.body ?? []))
}

export function told(answer: RawAnswer | undefined): Told {
  return JSON.parse(answer?.body.toString() ?? "") as Told
}
