import { isUtf8 } from 'node:buffer'

/** What a caller says who they are, not checked yet. */
export interface SignIn {
  userId: string
  password: string
}

/** Room for an id of 64 and a password of 128 characters, whatever those are. */
const lengthMax = 1024

const form = /^basic +([A-Za-z0-9+/]+={0,2})$/i

// RFC 7617 has no control characters in either part.

const control = /[\u0000-\u001f\u007f]/

/**
 * Reads an `Authorization` header of the scheme Basic, RFC 7617, in UTF-8. The first colon ends the user
 * id, and a password may hold more of them. Undefined when it is nothing of the kind.
 */
export function readBasic(header: string): SignIn | undefined {
  if (header.length > lengthMax) return undefined
  const encoded = form.exec(header)?.[1]
  if (encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  if (!isUtf8(bytes)) return undefined
  const text = bytes.toString()
  const end = text.indexOf(':')
  if (end < 1 || control.test(text)) return undefined
  return { userId: text.slice(0, end), password: toPassword(text.slice(end + 1)) }
}

/** The same characters in one form, however a keyboard puts them together (RFC 8265, 4.2.2). */
export function toPassword(text: string): string {
  return text.normalize('NFC')
}
