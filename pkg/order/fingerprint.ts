import { hash } from 'node:crypto'
import { sortKeys, type JsonObject } from '../../internal/json/json'

/**
 * A digest of what a request means, SHA-256, 32 bytes. A caller's keys are shared by all that makes
 * orders, so the operation (`order`, `checkout`) is part of the meaning.
 */
export function fingerprintOf(operation: string, meaning: JsonObject): Buffer {
  return hash('sha256', JSON.stringify([operation, sortKeys(meaning)]), 'buffer')
}
