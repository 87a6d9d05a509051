import { expect, it } from "vitest"
import { eventsOf, People } from "./room-people.js"

it("what had arrived is not said again to who came in since", async () => {
  const people = new People()
  const [alice, bob, carol, dave] = await people.meet("alice", "bob", "carol", "dave")
  await people.during(alice!.room.remove(dave!.identity.publicKey), 500)
  await people.during(alice!.room.say("among the three of us"), 500)
  await people.kill(alice!)
  // What Bob certifies when he becomes captain comes after Alice's text, and she does not have it.
  await people.during(bob!.room.say("where is Alice?"), 90_000)
  expect(eventsOf(bob!, "captain").at(-1)).toMatchObject({ how: "vote" })
  const joining = dave!.room.join()
  await people.clock.advance(5_000)
  await bob!.room.admit(bob!.room.status.requests[0]!.id)
  expect(await people.during(joining, 5_000)).toEqual({ kind: "joined" })

  await people.open(alice!)
  await people.clock.advance(60_000)
  await people.during(alice!.room.say("I was cut off"), 1_000)
  expect(alice!.room.status.digits).toBe(bob!.room.status.digits)
  expect(people.texts(dave!)).toEqual(["I was cut off"])
  expect(people.texts(alice!)).toEqual(["where is Alice?"])
  for (const person of [bob!, carol!]) {
    expect(people.texts(person).filter((text) => text === "among the three of us")).toHaveLength(1)
  }
})
