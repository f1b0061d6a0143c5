import { newLru } from './lru'

test('forgets what was not asked for the longest when there is no room', () => {
  const lru = newLru<number>(2)
  lru.set('a', 1)
  lru.set('b', 2)
  expect(lru.get('a')).toBe(1)
  lru.set('c', 3)
  expect([lru.get('a'), lru.get('b'), lru.get('c')]).toEqual([1, undefined, 3])
  expect(lru.size()).toBe(2)
})

test('a value that is set again counts as asked for, and takes no more room', () => {
  const lru = newLru<number>(2)
  lru.set('a', 1)
  lru.set('b', 2)
  lru.set('a', 3)
  lru.set('c', 4)
  expect([lru.get('a'), lru.get('b'), lru.size()]).toEqual([3, undefined, 2])
})

test('what is deleted is gone', () => {
  const lru = newLru<number>(2)
  lru.set('a', 1)
  lru.delete('a')
  lru.delete('b')
  expect([lru.get('a'), lru.size()]).toEqual([undefined, 0])
})
