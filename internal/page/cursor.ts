import { createHash } from 'node:crypto'
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

/** The position; throws page.invalid_cursor when it is none of this list. */
export function decodeCursor(list: string, cursor: string): string[] {
  const text = Buffer.from(cursor, 'base64url').toString()
  const position = text.slice(digestLength)
  if (text.slice(0, digestLength) !== digestOf(list, position)) {
    throw new Fault(invalidCursor, {
      detail: 'Take next_cursor from an answer of the same list, with the same filters.',
      errors: [{ path: 'cursor', message: 'does not belong to this list' }],
    })
  }
  return JSON.parse(position) as string[]
}

const digestLength = 16

function digestOf(list: string, text: string): string {
  return createHash('sha256').update(`${list}\n${text}`).digest('hex').slice(0, digestLength)
}
