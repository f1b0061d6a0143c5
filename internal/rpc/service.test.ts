import { Item } from '../../cmd/api/rpc/gen/item_pb'
import type { Role } from '../auth/principal'
import { collectAllowed, openService, service } from './service'

const rpc = (roles: readonly Role[]) => ({ roles, handle: async () => ({}) })
const operators: readonly Role[] = ['operator']

const complete = {
  create: rpc(operators),
  update: rpc(operators),
  delete: rpc(operators),
  get: rpc(['customer']),
  list: rpc(operators),
}

test('tells for each rpc who may call it', () => {
  const allowed = collectAllowed([service(Item, complete)])
  expect(allowed.get('item.Item/Get')).toEqual(['customer'])
  expect(allowed.size).toBe(5)
})

test('refuses to start with an rpc that nobody has declared', () => {
  const { get: _, ...rest } = complete
  const forgotten = service(Item, rest as typeof complete)
  expect(() => collectAllowed([forgotten])).toThrow('item.Item/Get does not say who may call it')
})

test('refuses to start with an rpc that lets nobody in', () => {
  const closed = service(Item, { ...complete, list: rpc([]) })
  expect(() => collectAllowed([closed])).toThrow('item.Item/List does not say who may call it')
})

test('refuses to start with a service that is there twice', () => {
  const open = openService(Item, {} as never)
  expect(() => collectAllowed([service(Item, complete), service(Item, complete)])).toThrow('twice')
  expect(() => collectAllowed([open])).toThrow('item.Item/Create does not say who may call it')
})
