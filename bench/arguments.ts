import { readArguments, usageFault } from '../internal/cli/arguments'
import { routes, type BenchRoute } from './route'

export interface BenchOptions {
  iterations: number
  seconds: number
  /** Under the same load, before each measurement. */
  warmUpSeconds: number
  connections: number
  routes: readonly BenchRoute[]
  /** Whether the results become those that the README shows. */
  save: boolean
  /** Whether each server leaves a CPU profile behind. */
  profile: boolean
}

const defaults = { iterations: 5, seconds: 5, warmUpSeconds: 2, connections: 64 }

export function readOptions(args: string[]): BenchOptions {
  const { values } = readArguments(args, {
    options: {
      iterations: { type: 'string' },
      seconds: { type: 'string' },
      'warm-up': { type: 'string' },
      connections: { type: 'string' },
      only: { type: 'string' },
      save: { type: 'boolean' },
      profile: { type: 'boolean' },
    },
    positionals: [],
  })
  const iterations = readNumber('--iterations', values.iterations, defaults.iterations)
  const seconds = readNumber('--seconds', values.seconds, defaults.seconds)
  const warmUp = Math.min(defaults.warmUpSeconds, seconds)
  const warmUpSeconds = readNumber('--warm-up', values['warm-up'], warmUp)
  const connections = readNumber('--connections', values.connections, defaults.connections)
  const chosen = { iterations, seconds, warmUpSeconds, connections }
  const { only, profile = false } = values
  const isUsual = JSON.stringify(chosen) === JSON.stringify(defaults) && !only && !profile
  return { ...chosen, routes: chooseRoutes(only), save: values.save ?? isUsual, profile }
}

function readNumber(name: string, text: string | undefined, standard: number): number {
  if (text === undefined) return standard
  if (!/^[1-9]\d{0,3}$/.test(text)) {
    throw usageFault(`${name} takes a whole number from 1 to 9999, not "${text}"`)
  }
  return Number(text)
}

function chooseRoutes(only: string | undefined): readonly BenchRoute[] {
  if (only === undefined) return routes
  const chosen = routes.filter(({ id }) => id.startsWith(only))
  if (chosen.length > 0) return chosen
  throw usageFault(`--only takes the beginning of one of ${routes.map(({ id }) => id).join(', ')}`)
}
