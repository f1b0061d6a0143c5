import { hash } from 'node:crypto'
import type { z } from 'zod'
import { Fault, type FaultSpec } from '../fault/fault'

export const invalidCursor = {
  kind: 'invalid',
  code: 'page.invalid_cursor',
  title: 'The cursor does not belong to this list',
} satisfies FaultSpec

/**
 * The position of a page's last row as an opaque text, tied by a digest to its list: `list` names
 * the list with its filters. The digest is no secret: whoever forges one reaches a row of a list
 * that is open to them anyway.
 */
export function encodeCursor(list: string, position: readonly string[]): string {
  const text = JSON.stringify(position)
  return Buffer.from(digestOf(list, text) + text).toString('base64url')
}

/** The position, as `schema` reads it; throws page.invalid_cursor when it is none of this list. */
export function decodeCursor<Position>(
  list: string,
  cursor: string,
  schema: z.ZodType<Position>,
): Position {
  const text = Buffer.from(cursor, 'base64url').toString()
  const position = text.slice(digestLength)
  const isOfList = text.slice(0, digestLength) === digestOf(list, position)
  const { success, data } = schema.safeParse(isOfList ? readJson(position) : undefined)
  if (success) return data
  throw new Fault(invalidCursor, {
    detail: 'Take next_cursor from an answer of the same list, with the same filters.',
    errors: [{ path: 'cursor', message: 'does not belong to this list' }],
  })
}

/** Undefined when it is no JSON, which only a forged cursor comes to. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const digestLength = 16

function digestOf(list: string, text: string): string {
  return hash('sha256', `${list}\n${text}`, 'hex').slice(0, digestLength)
}
