import { types, type CustomTypesConfig } from 'pg'
import type { Instant } from '../clock/instant'

const int8 = 20
const timestamptz = 1184

/**
 * How values come back: int8 as bigint, timestamptz as an Instant; the rest as the driver does it.
 * Per connection, because the driver's table of parsers is shared by the whole process.
 */
export const typeParsers: CustomTypesConfig = {
  getTypeParser(oid: number, format?: string) {
    if (format !== 'binary') {
      if (oid === int8) return BigInt
      if (oid === timestamptz) return parseInstant
    }
    return types.getTypeParser(oid, format as 'text')
  },
} as CustomTypesConfig

/**
 * `2026-01-31 09:30:00.12+00` as `2026-01-31T09:30:00.120000Z`. Sessions run in UTC with ISO dates
 * (see connection.ts), so the offset is always +00.
 */
export function parseInstant(text: string): Instant {
  if (!text.endsWith('+00') || text.length > 29) throw new Error(`not a UTC timestamp: ${text}`)
  const date = text.slice(0, 10)
  const time = text.slice(11, 19)
  const fraction = text.slice(20, -3)
  return `${date}T${time}.${fraction.padEnd(6, '0')}Z` as Instant
}
