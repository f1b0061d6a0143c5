import { readArguments, usageFault } from '../internal/cli/arguments'
import { latencyRoutes, type LatencyRoute } from './big/latency'
import { streamId } from './big/memory'
import { routes, type BenchRoute } from './route'
import { verificationId } from './verification'

export interface BenchOptions {
  iterations: number
  /** Of each measurement, in slices of one second. */
  seconds: number
  /** Under the same load, before each measurement. */
  warmUpSeconds: number
  connections: number
  /** Entries of the account that has many. */
  bigEntries: number
  routes: readonly BenchRoute[]
  latencyRoutes: readonly LatencyRoute[]
  withStream: boolean
  withVerification: boolean
  /** Whether the results become those that the README shows. */
  save: boolean
  /** Whether each server leaves a CPU profile behind. */
  profile: boolean
}

const defaults = { iterations: 5, seconds: 3, warmUpSeconds: 1, connections: 64 }
const usualBigEntries = 10_000_000
// A run that only tries it does not wait for minutes.
const triedBigEntries = 100_000

export function readOptions(args: string[]): BenchOptions {
  const { values } = readArguments(args, {
    options: {
      iterations: { type: 'string' },
      seconds: { type: 'string' },
      'warm-up': { type: 'string' },
      connections: { type: 'string' },
      big: { type: 'string' },
      only: { type: 'string' },
      save: { type: 'boolean' },
      profile: { type: 'boolean' },
    },
    positionals: [],
  })
  const iterations = readNumber('--iterations', values.iterations, defaults.iterations)
  const seconds = readNumber('--seconds', values.seconds, defaults.seconds)
  const warmUpSeconds = readNumber('--warm-up', values['warm-up'], defaults.warmUpSeconds)
  const connections = readNumber('--connections', values.connections, defaults.connections)
  const chosen = { iterations, seconds, warmUpSeconds, connections }
  const { only, profile = false } = values
  const isUsual = JSON.stringify(chosen) === JSON.stringify(defaults) && !profile
  const bigEntries = readBigEntries(values.big, isUsual)
  const isWhole = isUsual && bigEntries === usualBigEntries && !only
  return { ...chosen, ...choose(only), bigEntries, save: values.save ?? isWhole, profile }
}

function readNumber(name: string, text: string | undefined, standard: number): number {
  if (text === undefined) return standard
  if (!/^[1-9]\d{0,3}$/.test(text)) {
    throw usageFault(`${name} takes a whole number from 1 to 9999, not "${text}"`)
  }
  return Number(text)
}

function readBigEntries(text: string | undefined, isUsual: boolean): number {
  if (text === undefined) return isUsual ? usualBigEntries : triedBigEntries
  const entries = /^[1-9]\d{4,7}$/.test(text) ? Number(text) : 0
  if (entries < 10_000 || entries > 20_000_000) {
    throw usageFault(`--big takes a whole number from 10000 to 20000000, not "${text}"`)
  }
  return entries
}

function choose(only = '') {
  const isChosen = ({ id }: { id: string }) => id.startsWith(only)
  const chosen = {
    routes: routes.filter(isChosen),
    latencyRoutes: latencyRoutes.filter(isChosen),
    withStream: isChosen({ id: streamId }),
    withVerification: isChosen({ id: verificationId }),
  }
  if (Object.values(chosen).some((one) => (Array.isArray(one) ? one.length > 0 : one))) {
    return chosen
  }
  const ids = [...routes, ...latencyRoutes].map(({ id }) => id)
  const known = [...ids, streamId, verificationId].join(', ')
  throw usageFault(`--only takes the beginning of one of ${known}`)
}
