import { z } from 'zod'
import { jsonFlaw, sortKeys, type JsonObject } from '../json/json'

export const metadataLimits = { levelsMax: 16, bytesMax: 16_384 }

/**
 * A JSON object of the client's own; keys come back sorted. Checked as a whole and not rebuilt key by
 * key, so that a key such as `__proto__` stays data. Not z.custom, which the API reference cannot show.
 */
export const metadataInput = z
  .unknown()
  .superRefine((value, context) => {
    const flaw = isObject(value) ? jsonFlaw(value, metadataLimits) : 'must be an object'
    if (flaw) context.addIssue({ code: 'custom', message: flaw })
  })
  .transform((value) => sortKeys(value as JsonObject) as JsonObject)
  .meta({
    type: 'object',
    description: `Anything of yours, at most ${metadataLimits.bytesMax} bytes as JSON and ${metadataLimits.levelsMax} levels deep.`,
    example: { order: '1042' },
  })

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export const metadataOutput = z.record(z.string(), z.json()).nullable()
