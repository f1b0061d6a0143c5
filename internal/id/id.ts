import { uuidv7 } from 'uuidv7'

/** Where new ids come from, so that a test can foresee them. */
export interface Ids {
  /** A UUID of version 7: later ones sort after earlier ones of the same process. */
  next(): string
}

export const systemIds: Ids = { next: uuidv7 }

/** What a client may choose as the id of a user or an account. */
export const readableId = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/

export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
