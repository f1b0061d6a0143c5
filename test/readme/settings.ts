import { z } from 'zod'
import { api } from '../../config/schema'

/** One key of the configuration as a reader needs it. */
export interface Setting {
  key: string
  /** As in JSON; undefined when there is none. */
  default: string | undefined
  /** The numbers or words that are allowed; undefined when any text is. */
  values: string[] | undefined
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>
  type?: string
  default?: unknown
  enum?: string[]
  minimum?: number
  maximum?: number
}

/** Every key of the API's configuration, read from its schema. */
export function listSettings(): Setting[] {
  return walk(z.toJSONSchema(api, { io: 'input' }) as JsonSchema, [])
}

function walk({ properties, ...schema }: JsonSchema, path: string[]): Setting[] {
  if (properties) {
    return Object.entries(properties).flatMap(([name, inner]) => walk(inner, [...path, name]))
  }
  const value = schema.default === undefined ? undefined : JSON.stringify(schema.default)
  return [{ key: path.join('.'), default: value, values: valuesOf(schema) }]
}

function valuesOf(schema: JsonSchema): string[] | undefined {
  if (schema.enum) return schema.enum
  if (schema.type === 'boolean') return ['true', 'false']
  if (schema.type !== 'integer') return undefined
  return [String(schema.minimum), String(schema.maximum)]
}
