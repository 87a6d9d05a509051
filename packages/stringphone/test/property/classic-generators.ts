import fc from "fast-check"
import { concat } from "../../src/bytes/index.js"
import { Topic } from "../../src/topic/classic/index.js"
import { pair, secret, topicKey } from "../wire/fixtures.js"

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const { alice, bob } = pair()

/** Right messages of every type, some from and for each of those whom the tests know. */
export const validMessage: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((payload) => alice.encode(payload)),
  fc.uint8Array({ maxLength: 40 }).map((payload) => bob.encode(payload)),
  fc.constant(alice.constructIntro()),
  fc.constant(new Topic({ signingKeySeed: secret(7), topicKey }).constructIntro()),
  fc.constant(alice.constructReply(bob.constructIntro())),
  fc.constant(bob.constructReply(new Topic({ signingKeySeed: secret(7) }).constructIntro())),
)

/** Right fields in their places, wrong ones beside them. */
const assembled: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.constantFrom(0x73, 0x69, 0x72),
    fc.array(
      fc.oneof(
        fc.constantFrom(alice.id, bob.id, alice.publicKey, bob.publicKey, topicKey, secret(0)),
        fc.constantFrom(16, 24, 32, 48, 64, 72).chain(bytes),
      ),
      { maxLength: 6 },
    ),
  )
  .map(([type, fields]) => concat(Uint8Array.of(type), ...fields))

/** Of the right type and length, otherwise anything. */
const ofRightLength: fc.Arbitrary<Uint8Array> = fc
  .oneof(
    fc.tuple(fc.constant(0x73), fc.integer({ min: 119, max: 160 })),
    fc.tuple(fc.constant(0x69), fc.integer({ min: 128, max: 130 })),
    fc.tuple(fc.constant(0x72), fc.integer({ min: 152, max: 154 })),
  )
  .chain(([type, length]) => bytes(length).map((random) => random.fill(type, 0, 1)))

/** A right message after a few changes: bytes, cuts, growth, a piece of another message. */
const mutated: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    validMessage,
    validMessage,
    fc.array(
      fc.record({
        how: fc.constantFrom("byte", "cut", "grow", "insert", "remove", "graft", "type"),
        at: fc.nat(400),
        value: fc.nat(255),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([start, donor, changes]) => {
    let message = Uint8Array.from(start)
    for (const { how, at: anywhere, value } of changes) {
      const at = anywhere % (message.length + 1)
      const [before, after] = [message.subarray(0, at), message.subarray(at)]
      if (how === "byte" && at < message.length) message[at] = value
      if (how === "cut") message = before.slice()
      if (how === "grow") message = concat(message, new Uint8Array(value % 40).fill(at))
      if (how === "insert") message = concat(before, Uint8Array.of(value), after)
      if (how === "remove") message = concat(before, after.subarray(1 + (value % 3)))
      if (how === "graft") message = concat(before, donor.subarray(at))
      if (how === "type" && message.length > 0) message[0] = [0x73, 0x69, 0x72][value % 3] as number
    }
    return message
  })

export const anyMessage: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  ofRightLength,
  assembled,
  mutated,
  validMessage,
)
