import { always, flag, isObject, msMax, section, share, text, wholeNumber } from './form'

/** How the simulator plays the services of others. */
export const outsideWorld = {
  delay_scale: share(0, 100).default(1),
  reserve_delay_ms: wholeNumber(0, msMax).default(30_000),
  batch: flag.default(false),
  seed: wholeNumber(0, 2 ** 32 - 1).default(1),
}

/** In the API's own process, on any free port unless one is named. */
export const simulatorOfApi = section({
  host: text('must be the address to listen on').default('127.0.0.1'),
  port: wholeNumber(0, 65_535).default(0),
  ...outsideWorld,
})

export const simulatorElsewhere = {
  error: 'must be left out unless the environment is local: it plays services that are not there',
  path: ['simulator'],
  ...always,
}

export function allowsSimulator(value: unknown): boolean {
  return !isObject(value) || value.environment === 'local' || value.simulator === undefined
}
