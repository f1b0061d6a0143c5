/** A value as JSON knows it. */
export type Json = null | boolean | number | string | Json[] | JsonObject

export interface JsonObject {
  [key: string]: Json
}

/**
 * The same value with the keys of every object sorted, so that equal values have equal texts. A jsonb
 * column forgets the order in which keys were written.
 */
export function sortKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (value === null || typeof value !== 'object') return value
  // fromEntries defines properties, so that a key called __proto__ stays a key.
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sortKeys(value[key]!)]),
  )
}

/** An object from a jsonb column, in the order in which it is shown; null stays null. */
export function sortObject(value: Json): JsonObject | null {
  return value === null ? null : (sortKeys(value) as JsonObject)
}

export interface JsonLimits {
  levelsMax: number
  bytesMax: number
}

/** What keeps the value from being stored and given back unchanged; undefined when nothing does. */
export function jsonFlaw(value: unknown, limits: JsonLimits): string | undefined {
  const flaw = flawWithin(value, limits.levelsMax)
  if (flaw) return flaw
  const bytes = Buffer.byteLength(JSON.stringify(value))
  return bytes > limits.bytesMax ? `must not exceed ${limits.bytesMax} bytes as JSON` : undefined
}

function flawWithin(value: unknown, levelsLeft: number): string | undefined {
  if (typeof value === 'string') return textFlaw(value)
  if (typeof value === 'number') return numberFlaw(value)
  if (value === null || typeof value !== 'object') return undefined
  if (levelsLeft === 0) return 'is nested too deeply'
  for (const [key, inner] of Object.entries(value)) {
    const flaw = textFlaw(key) ?? flawWithin(inner, levelsLeft - 1)
    if (flaw) return flaw
  }
  return undefined
}

function numberFlaw(value: number): string | undefined {
  if (Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value))
    return undefined
  return 'holds a number that JSON readers do not keep exactly; send it as a string'
}

/** What keeps a text from being stored: PostgreSQL takes no NUL, UTF-8 no lone surrogate. */
export function textFlaw(text: string): string | undefined {
  if (text.includes('\u0000')) return 'must not contain a NUL character'
  return text.isWellFormed() ? undefined : 'must be well-formed Unicode, without lone surrogates'
}
