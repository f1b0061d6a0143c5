import { newSeed } from '../harness/random'

/** How much is tried, and from where: PROGRAMS, SEED and REPLAY, as `make model` hands them on. */
export const settings = {
  seed: newSeed(),
  programs: Number(process.env.PROGRAMS ?? 0),
  path: process.env.REPLAY,
}
