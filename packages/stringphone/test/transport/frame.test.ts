import fc from "fast-check"
import { expect, it } from "vitest"
import { concat } from "../../src/bytes/index.js"
import { FrameDecoder, encodeFrame } from "../../src/transport/frame.js"

const stream = (messages: readonly Uint8Array[]): Uint8Array =>
  concat(...messages.flatMap((message) => encodeFrame(message)))

it("is a big-endian length, then the message", () => {
  expect(concat(...encodeFrame(Uint8Array.of(9, 8)))).toEqual(Uint8Array.of(0, 0, 0, 2, 9, 8))
  expect(concat(...encodeFrame(new Uint8Array(0x10203))).subarray(0, 4)).toEqual(
    Uint8Array.of(0, 1, 2, 3),
  )
})

it("gives the same messages however the stream is cut", () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 10 })
  fc.assert(
    fc.property(messages, fc.array(fc.nat(300)), (sent, cuts) => {
      const bytes = stream(sent)
      const bounds = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort(
        (a, b) => a - b,
      )
      const decoder = new FrameDecoder(20)
      const received = bounds.flatMap((at, i) => [
        ...decoder.feed(bytes.subarray(at, bounds[i + 1] ?? bytes.length)),
      ])
      expect(received).toEqual(sent.map((message) => Uint8Array.from(message)))
    }),
  )
})

it("gives the same messages byte by byte", () => {
  const sent = [new Uint8Array(0), Uint8Array.of(1), new Uint8Array(300).fill(7)]
  const decoder = new FrameDecoder(300)
  const received = [...stream(sent)].flatMap((byte) => [...decoder.feed(Uint8Array.of(byte))])
  expect(received).toEqual(sent)
})

it("takes the most and refuses one more, after the messages before it", () => {
  const decoder = new FrameDecoder(5)
  expect([...decoder.feed(stream([new Uint8Array(5)]))]).toEqual([new Uint8Array(5)])
  const received: Uint8Array[] = []
  expect(() => {
    for (const message of decoder.feed(stream([Uint8Array.of(1), new Uint8Array(6)]))) {
      received.push(message)
    }
  }).toThrow(expect.objectContaining({ name: "ChannelError", code: "frame-too-large" }))
  expect(received).toEqual([Uint8Array.of(1)])
})

it("says nothing about half a frame", () => {
  const decoder = new FrameDecoder(100)
  expect([...decoder.feed(stream([new Uint8Array(50)]).subarray(0, 30))]).toEqual([])
})
