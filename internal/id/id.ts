import { randomFillSync } from 'node:crypto'
import { V7Generator } from 'uuidv7'

/** Where new ids come from, so that a test can foresee them. */
export interface Ids {
  /** A UUID of version 7: later ones sort after earlier ones of the same process. */
  next(): string
}

/** Ids for the whole process. */
export const systemIds: Ids = newSystemIds()

function newSystemIds(): Ids {
  // Asking the system for a few bytes at a time would take longer than everything else about an id.
  const numbers = new Uint32Array(1024)
  let used = numbers.length
  const nextUint32 = (): number => {
    if (used === numbers.length) {
      randomFillSync(numbers)
      used = 0
    }
    return numbers[used++]!
  }
  const generator = new V7Generator({ nextUint32 })
  return { next: () => generator.generate().toString() }
}

/** What a client may choose as the id of a user or an account. */
export const readableId = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/

export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
