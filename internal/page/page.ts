import { z } from 'zod'

export const limitMax = 100
export const limitDefault = 20

const whole = /^\d{1,3}$/

/** The query parameters of every list. */
export const pageInput = {
  limit: z
    .string()
    .default(String(limitDefault))
    .refine(
      (text) => whole.test(text) && Number(text) >= 1 && Number(text) <= limitMax,
      `must be a whole number from 1 to ${limitMax}`,
    )
    .transform(Number)
    .meta({ description: `Rows on the page, 1 to ${limitMax}; ${limitDefault} by default.` }),
  cursor: z.string().max(512).optional().meta({ description: 'next_cursor of the page before.' }),
}

export interface Page<Dto> {
  data: Dto[]
  /** Null on the last page. */
  next_cursor: string | null
}

export function pageOutput<Row extends z.ZodType>(row: Row) {
  return z.strictObject({ data: z.array(row), next_cursor: z.string().nullable() })
}

/** A page of up to `limit` rows out of up to `limit + 1` that were read: the last tells of more. */
export function toPage<Row, Dto>(
  rows: readonly Row[],
  limit: number,
  { toDto, cursorOf }: { toDto(row: Row): Dto; cursorOf(row: Row): string },
): Page<Dto> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    data: shown.map(toDto),
    next_cursor: rows.length > limit && last ? cursorOf(last) : null,
  }
}
