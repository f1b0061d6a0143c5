import { z } from 'zod'
import type { Random } from './random'

/**
 * What can go wrong with a call. Only `error` keeps the service from acting: all others strike the
 * answer, when what was asked for has been done, as the worst of failures do.
 */
export const faultNames = [
  'error',
  'error_after',
  'drop',
  'hang',
  'slow_body',
  'html',
  'half_json',
  'wrong_shape',
  'redirect',
  'endless',
  'long_name',
] as const

export type FaultName = (typeof faultNames)[number]

export const serviceNames = ['user', 'product', 'reservation'] as const

export type ServiceName = (typeof serviceNames)[number]

const rate = z.number().min(0).max(1).default(0)

const rates = Object.fromEntries(faultNames.map((name) => [name, rate])) as Record<
  FaultName,
  typeof rate
>

/** For each fault the share of calls that it strikes, and by how much every call is late. */
const serviceFaults = z
  .strictObject({ ...rates, latency_ms: z.number().min(0).max(600_000).default(0) })
  .refine((faults) => shareOf(faults) <= 1 + 1e-9, 'the shares of all faults must not exceed 1')

export type ServiceFaults = z.output<typeof serviceFaults>

/** The faults of all services; one that is not named has none. With a seed the draws begin anew. */
export const faultsSchema = z.strictObject({
  seed: z.int().min(0).optional(),
  user: serviceFaults.prefault({}),
  product: serviceFaults.prefault({}),
  reservation: serviceFaults.prefault({}),
})

export type Faults = z.output<typeof faultsSchema>
export type FaultsInput = z.input<typeof faultsSchema>

function shareOf(faults: Record<FaultName, number>): number {
  return faultNames.reduce((sum, name) => sum + faults[name], 0)
}

/** Draws what strikes one call: one number, whatever the rates, so that a seed tells the whole run. */
export function drawFault(faults: ServiceFaults, random: Random): FaultName | undefined {
  let rest = random()
  return faultNames.find((name) => (rest -= faults[name]) < 0)
}
