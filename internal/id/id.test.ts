import { systemIds, uuid } from './id'

test('ids are UUIDs of version 7, none twice, each after the one before', () => {
  const ids = Array.from({ length: 10_000 }, () => systemIds.next())
  expect(new Set(ids).size).toBe(ids.length)
  expect([...ids].sort()).toEqual(ids)
  for (const id of ids) {
    expect(id).toMatch(uuid)
    expect(id[14]).toBe('7')
  }
})
