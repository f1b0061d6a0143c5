import { createHash } from 'node:crypto'

/** Of fixed length and harmless, whatever somebody calls themselves, and names nobody. */
export function newKey(kind: string, id: string): string {
  const hash = createHash('sha256').update(id).digest('base64url').slice(0, 22)
  return `tillbook:${kind}:${hash}`
}
