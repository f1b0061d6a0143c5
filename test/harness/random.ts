/** A seeded stream of numbers (mulberry32): the same seed, the same numbers. */
export interface Random {
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number
}

export function newRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return { between: (min, max) => min + Math.floor(next() * (max - min + 1)) }
}

/** SEED from the environment, else another one each time; put it into the test's name. */
export function newSeed(): number {
  return Number(process.env.SEED ?? Math.floor(Math.random() * 1_000_000))
}

/** One of them. */
export function pick<T>(random: Random, all: readonly T[]): T {
  return all[random.between(0, all.length - 1)]!
}
