/** The next number of a stream, from 0 to below 1. */
export type Random = () => number

/** A seeded stream (mulberry32): the same seed, the same numbers, so that a run can be had again. */
export function newRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
