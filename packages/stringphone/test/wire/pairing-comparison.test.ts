// spec/topic.md §9.6, Matrix specification v1.13 §11.12.2.2.6.
import { expect, test } from "vitest"
import { fromHex } from "../../src/bytes/index.js"
import { comparisonOf, emojiList } from "../../src/topic/pairing/index.js"

/** The numbers of the list and their code points, as the Matrix table has them. */
const table = `
0 1F436 Dog|1 1F431 Cat|2 1F981 Lion|3 1F40E Horse|4 1F984 Unicorn|5 1F437 Pig|6 1F418 Elephant
7 1F430 Rabbit|8 1F43C Panda|9 1F413 Rooster|10 1F427 Penguin|11 1F422 Turtle|12 1F41F Fish
13 1F419 Octopus|14 1F98B Butterfly|15 1F337 Flower|16 1F333 Tree|17 1F335 Cactus|18 1F344 Mushroom
19 1F30F Globe|20 1F319 Moon|21 2601+FE0F Cloud|22 1F525 Fire|23 1F34C Banana|24 1F34E Apple
25 1F353 Strawberry|26 1F33D Corn|27 1F355 Pizza|28 1F382 Cake|29 2764+FE0F Heart|30 1F600 Smiley
31 1F916 Robot|32 1F3A9 Hat|33 1F453 Glasses|34 1F527 Spanner|35 1F385 Santa|36 1F44D Thumbs Up
37 2602+FE0F Umbrella|38 231B Hourglass|39 23F0 Clock|40 1F381 Gift|41 1F4A1 Light Bulb
42 1F4D5 Book|43 270F+FE0F Pencil|44 1F4CE Paperclip|45 2702+FE0F Scissors|46 1F512 Lock
47 1F511 Key|48 1F528 Hammer|49 260E+FE0F Telephone|50 1F3C1 Flag|51 1F682 Train|52 1F6B2 Bicycle
53 2708+FE0F Aeroplane|54 1F680 Rocket|55 1F3C6 Trophy|56 26BD Ball|57 1F3B8 Guitar|58 1F3BA Trumpet
59 1F514 Bell|60 2693 Anchor|61 1F3A7 Headphones|62 1F4C1 Folder|63 1F4CC Pin`
  .trim()
  .split(/[|\n]/)

const names = (text: string) => comparisonOf(fromHex(text)).emoji.map(({ name }) => name)

test("all 64 emoji, with their names, in the order of the Matrix list", () => {
  const described = emojiList.map(({ name, symbol }, i) => {
    const points = [...symbol].map((point) => point.codePointAt(0)!.toString(16).toUpperCase())
    return `${i} ${points.join("+")} ${name}`
  })
  expect(described).toEqual(table)
  expect(new Set(emojiList.map(({ symbol }) => symbol)).size).toBe(64)
  expect(new Set(emojiList.map(({ name }) => name)).size).toBe(64)
})

test("computed by hand: counting numbers", () => {
  // 000000 000001 000010 000011 000100 000101 000110 ······ → 0 1 2 3 4 5 6
  // 00000000 00010000 10000011 00010000 01010001 10······ = 00 10 83 10 51 80
  // 0000000000001 0000000000010 0000000000011 · → 1, 2, 3, each plus 1,000
  // 00000000 00001000 00000000 10000000 0000011· = 00 08 00 80 06
  const text = "001083105180" + "0008008006" + "00"
  expect(names(text)).toEqual(["Dog", "Cat", "Lion", "Horse", "Unicorn", "Pig", "Elephant"])
  expect(comparisonOf(fromHex(text)).digits).toBe("1001 1002 1003")
})

test("computed by hand: all kinds of bits", () => {
  // de = 11011110, ad = 10101101, be = 10111110, ef = 11101111, ca = 11001010, fe = 11111110
  // 110111 101010 110110 111110 111011 111100 101011 → 55 42 54 62 59 60 43
  // But bytes 6 … 10 alone make the digits: ba = 10111010, be = 10111110, 01 = 00000001,
  // 23 = 00100011, 45 = 01000101: 1011101010111 1100000000100 1000110100010 · → 5975 6148 4514
  const text = "deadbeefcafe" + "babe012345" + "ff"
  const expected = ["Trophy", "Book", "Rocket", "Folder", "Bell", "Anchor", "Pencil"]
  expect(names(text)).toEqual(expected)
  expect(comparisonOf(fromHex(text)).digits).toBe("6975 7148 5514")
})

test("the ends: lowest and highest", () => {
  expect(names("00".repeat(12))).toEqual(Array(7).fill("Dog"))
  expect(comparisonOf(new Uint8Array(12)).digits).toBe("1000 1000 1000")
  expect(names("ff".repeat(12))).toEqual(Array(7).fill("Pin"))
  expect(comparisonOf(new Uint8Array(12).fill(0xff)).digits).toBe("9191 9191 9191")
})

test("42 bits show in the emoji, 39 others in the digits, none in both", () => {
  const shown = { emoji: 0, digits: 0 }
  const zero = comparisonOf(new Uint8Array(12))
  for (let bit = 0; bit < 96; bit++) {
    const bytes = new Uint8Array(12)
    bytes[bit >> 3] = 0x80 >> (bit & 7)
    const { digits, emoji } = comparisonOf(bytes)
    const inEmoji = emoji.some(({ name }, i) => name !== zero.emoji[i]!.name)
    const inDigits = digits !== zero.digits
    expect(inEmoji).toBe(bit < 42)
    expect(inDigits).toBe(bit >= 48 && bit < 87)
    shown.emoji += Number(inEmoji)
    shown.digits += Number(inDigits)
  }
  expect(shown).toEqual({ emoji: 42, digits: 39 })
})
