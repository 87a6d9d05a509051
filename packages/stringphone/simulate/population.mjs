// The model of people when there is no trace. docs/simulation.md says why it is as it is.
import { sortedMeetings } from "./meetings.mjs"

/** How many meetings somebody of ordinary sociability has in a day, each of them counted by both. */
export const meetingsPerDay = { home: 4, work: 6, town: 4 }

/** Which share of a day's meetings of each kind is in each hour of the day, as weights. */
const rhythm = {
  home: weights({ 0: 1, 6: 4, 7: 6, 8: 3, 12: 2, 17: 5, 18: 8, 19: 8, 20: 8, 21: 8, 22: 6, 23: 3 }),
  work: weights({
    7: 1,
    8: 5,
    9: 8,
    10: 8,
    11: 8,
    12: 9,
    13: 7,
    14: 8,
    15: 8,
    16: 6,
    17: 3,
    18: 1,
  }),
  town: weights({
    ...{
      6: 2,
      7: 6,
      8: 7,
      9: 4,
      10: 4,
      11: 5,
      12: 7,
      13: 5,
      14: 4,
      15: 5,
      16: 7,
      17: 9,
      18: 8,
      19: 6,
    },
    ...{ 20: 5, 21: 4, 22: 3, 23: 1 },
  }),
}

const slotSeconds = 600
/** A town is this many people; most of the meetings in it are between its own. */
const townSize = 1_000
const withinTown = 0.9
const withinTeam = 0.8
const teamSize = 8

/**
 * Homes of one to six; for two of three a place of work, heavy-tailed in size and divided into teams;
 * and a town, where the heavy-tailed few meet very many.
 *
 * @param {{ nodes: number, hours: number }} wanted
 * @param {import("./random.mjs").Random} random
 * @returns {import("./meetings.mjs").Meetings}
 */
export function modelMeetings({ nodes, hours }, random) {
  const people = new People(nodes, random)
  const time = []
  const a = []
  const b = []
  for (let slot = 0; slot * slotSeconds < hours * 3_600; slot++) {
    const hour = Math.floor((slot * slotSeconds) / 3_600) % 24
    for (const kind of /** @type {const} */ (["home", "work", "town"])) {
      // Half of them: each meeting is one of both.
      const perDay = (nodes * meetingsPerDay[kind]) / 2
      const count = random.poisson(perDay * rhythm[kind][hour] * (slotSeconds / 3_600))
      for (let i = 0; i < count; i++) {
        const one = kind === "town" ? people.sociable(0, nodes) : random.below(nodes)
        const other = people[kind](one)
        if (other === one) continue
        time.push(slot * slotSeconds + random.below(slotSeconds))
        a.push(one)
        b.push(other)
      }
    }
  }
  return sortedMeetings(nodes, time, a, b, hours * 3_600)
}

/** Everybody is a number; who lives together or in one town has neighbouring ones. */
class People {
  #random
  #nodes
  /** Where somebody's home begins; it ends where the next begins. */
  #homeStart
  #homeEnd
  /** People in the order of their places of work; who has none comes last. */
  #byWork
  #placeInWork
  #workStart
  #workEnd
  /** Sums of sociability, to choose by it. */
  #sociability

  constructor(nodes, random) {
    this.#nodes = nodes
    this.#random = random
    const ends = (size) => groups(nodes, size)
    const homes = ends(() => 1 + random.poisson(1.3))
    this.#homeStart = homes.start
    this.#homeEnd = homes.end

    const working = random.sample(Math.floor((nodes * 2) / 3), nodes)
    this.#byWork = Uint32Array.from(working)
    this.#placeInWork = new Int32Array(nodes).fill(-1)
    working.forEach((person, place) => (this.#placeInWork[person] = place))
    const most = Math.max(8, Math.min(2_000, nodes / 10))
    const works = groups(working.length, () => Math.round(random.pareto(1.1, most) * 3))
    this.#workStart = works.start
    this.#workEnd = works.end

    this.#sociability = new Float64Array(nodes + 1)
    for (let i = 0; i < nodes; i++) {
      this.#sociability[i + 1] = this.#sociability[i] + random.pareto(1.8, 100)
    }
  }

  home(one) {
    return this.#between(this.#homeStart[one], this.#homeEnd[one])
  }

  work(one) {
    const place = this.#placeInWork[one]
    if (place === -1) return one
    const start = this.#workStart[place]
    const end = this.#workEnd[place]
    if (this.#random.unit() >= withinTeam) return this.#byWork[this.#between(start, end)]
    const team = start + Math.floor((place - start) / teamSize) * teamSize
    return this.#byWork[this.#between(team, Math.min(end, team + teamSize))]
  }

  town(one) {
    if (this.#random.unit() >= withinTown) return this.sociable(0, this.#nodes)
    const start = Math.floor(one / townSize) * townSize
    return this.sociable(start, Math.min(this.#nodes, start + townSize))
  }

  /** One of these, the more sociable the likelier. */
  sociable(start, end) {
    const sums = this.#sociability
    const wanted = sums[start] + this.#random.unit() * (sums[end] - sums[start])
    let low = start
    let high = end - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (sums[middle + 1] > wanted) high = middle
      else low = middle + 1
    }
    return low
  }

  #between(start, end) {
    return start + this.#random.below(end - start)
  }
}

/** Cuts 0 … count - 1 into groups. @returns for each member where its group begins and ends */
function groups(count, size) {
  const start = new Uint32Array(count)
  const end = new Uint32Array(count)
  for (let from = 0; from < count;) {
    const to = Math.min(count, from + Math.max(1, size()))
    start.fill(from, from, to)
    end.fill(to, from, to)
    from = to
  }
  return { start, end }
}

/** @param {Record<number, number>} byHour @returns {number[]} shares of a day, 1 together */
function weights(byHour) {
  const sum = Object.values(byHour).reduce((total, weight) => total + weight, 0)
  return Array.from({ length: 24 }, (_, hour) => (byHour[hour] ?? 0) / sum)
}
