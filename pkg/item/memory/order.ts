import { descriptionSortedMax, type Item, type ItemColumn, type ItemPosition } from '../item'

type Sorted = string | bigint

/** What an item is sorted by, in a form that compares. */
function valueOf(item: Item, column: ItemColumn): Sorted {
  switch (column) {
    case 'id':
      return item.id
    case 'name':
      return item.name
    case 'description':
      return [...item.description].slice(0, descriptionSortedMax).join('')
    case 'price':
      return item.price ?? 0n
    case 'created_at':
      return item.createdAt
    case 'updated_at':
      return item.updatedAt
  }
}

export type Place = readonly [Sorted, string]

export function placeOf(item: Item, column: ItemColumn): Place {
  return [valueOf(item, column), item.id]
}

export function toPlace({ value, id }: ItemPosition, column: ItemColumn): Place {
  return [column === 'price' ? BigInt(value) : value, id]
}

export function byPlace([a, aId]: Place, [b, bId]: Place): number {
  if (a !== b) return a < b ? -1 : 1
  return aId === bId ? 0 : aId < bId ? -1 : 1
}

/** How many of a sorted list stand before the first for which it is true. */
export function countBefore<T>(sorted: readonly T[], isBehind: (one: T) => boolean): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBehind(sorted[middle]!)) high = middle
    else low = middle + 1
  }
  return low
}
