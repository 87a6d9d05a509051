import { expect, test } from "vitest"
import { base64url, hex } from "../../src/bytes/index.js"
import { Topic } from "../../src/topic/classic/index.js"
import { secretForms, secretTopic, thrownByMistakes } from "./classic-secrets.js"

test("secrets are in no text that a topic, its messages or its errors turn into", () => {
  const topic = secretTopic()
  const reply = topic.constructReply(new Topic().constructIntro())
  const texts = [topic, { topic }, [topic], reply, topic.constructIntro(), ...thrownByMistakes()]
    .flatMap((value: object) => [
      JSON.stringify(value),
      // eslint-disable-next-line @typescript-eslint/no-base-to-string -- that is what is tested
      String(value),
      Object.entries(value).join(),
      value instanceof Error ? `${value.message} ${String(value.stack)}` : "",
    ])
    .join("\n")
  for (const form of secretForms()) expect(texts).not.toContain(form)
  expect(JSON.stringify(topic)).toBe("{}")
})

test("the forms that the test looks for are those that would show", () => {
  const [first] = secretForms()
  const topic = secretTopic()
  expect(hex(topic.topicKey as Uint8Array)).toContain(first)
  expect(String(topic.topicKey)).toContain(secretForms()[1])
  expect(base64url(topic.topicKey as Uint8Array)).toContain(secretForms()[2])
})
