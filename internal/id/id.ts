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
  return { next: () => format(generator.generate().bytes) }
}

const digits = Buffer.from('0123456789abcdef')
/** Where the digits of each byte stand between the dashes. */
const places = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]
const text = Buffer.alloc(36, '-')

/** In one piece: the library's own text is made of forty, which leaves a kilobyte of garbage for each id. */
function format(bytes: Readonly<Uint8Array>): string {
  places.forEach((place, i) => {
    text[place] = digits[bytes[i]! >> 4]!
    text[place + 1] = digits[bytes[i]! & 15]!
  })
  return text.toString('latin1')
}

/** What a client may choose as the id of a user or an account. */
export const readableId = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/

export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
