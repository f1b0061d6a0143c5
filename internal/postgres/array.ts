/**
 * A one-dimensional array as PostgreSQL reads it. The driver's own encoder escapes element by
 * element with regular expressions; groups and bulks carry thousands of elements.
 */
export function encodeArray(values: readonly unknown[]): string {
  let text = '{'
  for (let i = 0; i < values.length; i++) {
    if (i > 0) text += ','
    text += encodeElement(values[i])
  }
  return text + '}'
}

function encodeElement(value: unknown): string {
  if (value === null || value === undefined) return 'NULL'
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean') {
    return String(value)
  }
  if (Buffer.isBuffer(value)) return `"\\\\x${value.toString('hex')}"`
  throw new Error(`no array element is made of ${typeof value}`)
}

const needsEscape = /["\\]/

function quote(text: string): string {
  return needsEscape.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`
}
