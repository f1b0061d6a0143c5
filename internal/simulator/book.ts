/** One thing that was reserved, and perhaps given back. */
export interface Reservation {
  id: number
  item: string
  /** Under which it was asked for; none when the caller gave none. */
  key: string | undefined
  status: 'pending' | 'reserved' | 'released'
}

export interface Wish {
  key: string | undefined
  item: string
}

/** What was reserved: the reservation service's memory. */
export interface Book {
  /**
   * The reservation of this key, made when there is none; one that is being made is shared. Without a
   * key each wish is a new one. `undefined` when the book is full, 'mismatch' for a key of another item.
   */
  reserve(wish: Wish): Promise<Reservation> | 'mismatch' | undefined
  find(key: string): Reservation | undefined
  /** Gives one back; again, or one that never was, changes nothing. */
  release(id: number): void
  state(): BookState
}

export interface BookState {
  made: number
  pending: number
  released: number
  /** Wishes with a key that was known already: each would have been a second reservation. */
  repeated: number
  /** Reserved and not given back. */
  live: { reservation_id: number; key: string | null; item: string }[]
  /** Items and keys that more than one live reservation is for. */
  doubled: { items: string[]; keys: string[] }
}

interface Entry {
  reservation: Reservation
  made: Promise<Reservation>
}

export interface BookOptions {
  /** How long a reservation takes to be made; rejects when it never will be. */
  make(): Promise<void>
  /** Beyond that many, given back or not, nothing is reserved. */
  reservationsMax: number
}

export function newBook({ make, reservationsMax }: BookOptions): Book {
  // Starts at the time, so that one that was started again gives no id a second time.
  let lastId = Date.now()
  let repeated = 0
  const byId = new Map<number, Entry>()
  const byKey = new Map<string, Entry>()

  function begin({ key, item }: Wish): Entry {
    const reservation: Reservation = { id: ++lastId, item, key, status: 'pending' }
    const made = make().then(() => {
      reservation.status = 'reserved'
      return reservation
    })
    const entry = { reservation, made }
    byId.set(reservation.id, entry)
    if (key !== undefined) byKey.set(key, entry)
    return entry
  }

  return {
    reserve(wish) {
      const known = wish.key === undefined ? undefined : byKey.get(wish.key)
      if (!known) return byId.size < reservationsMax ? begin(wish).made : undefined
      if (known.reservation.item !== wish.item) return 'mismatch'
      repeated += 1
      return known.made
    },
    find: (key) => byKey.get(key)?.reservation,
    release(id) {
      const found = byId.get(id)?.reservation
      if (found?.status === 'reserved') found.status = 'released'
    },
    state: () => describe([...byId.values()], repeated),
  }
}

function describe(entries: Entry[], repeated: number): BookState {
  const all = entries.map(({ reservation }) => reservation)
  const having = (status: Reservation['status']) => all.filter((one) => one.status === status)
  const live = having('reserved')
  return {
    made: all.length - having('pending').length,
    pending: having('pending').length,
    released: having('released').length,
    repeated,
    live: live.map(({ id, key, item }) => ({ reservation_id: id, key: key ?? null, item })),
    doubled: {
      items: twice(live.map(({ item }) => item)),
      keys: twice(live.flatMap(({ key }) => key ?? [])),
    },
  }
}

function twice(names: string[]): string[] {
  const seen = new Set<string>()
  return [...new Set(names.filter((name) => seen.has(name) || !seen.add(name)))]
}
