import type { Principal } from '../../../internal/auth/principal'
import type { Account } from '../account'
import { newOwnership } from './ownership'

const ada: Principal = { userId: 'ada', role: 'customer' }
const eve: Principal = { userId: 'eve', role: 'merchant' }
const operator: Principal = { userId: 'root', role: 'operator' }

function newFake(rememberedMax?: number) {
  const looks: string[] = []
  const find = async (id: string) => {
    looks.push(id)
    const [userId] = id.split('-')
    return userId === 'nobody' ? undefined : ({ id, userId } as Account)
  }
  return { looks, ownership: newOwnership({ accounts: { find }, rememberedMax }) }
}

test('an account is its owner’s and the operators’, and nobody else’s', async () => {
  const { ownership } = newFake()
  expect(await ownership.isOwn(ada, 'ada-1')).toBe(true)
  expect(await ownership.isOwn(eve, 'ada-1')).toBe(false)
  expect(await ownership.isOwn(ada, 'nobody-1')).toBe(false)
  expect(await ownership.isOwn(operator, 'ada-1')).toBe(true)
})

test('another’s account is refused in the words for one that is not there', async () => {
  const { ownership } = newFake()
  const faultOf = async (id: string) => {
    const refused = Promise.resolve(ownership.assertOwn(eve, id))
    return String(await refused.catch((error: unknown) => error)).replaceAll(id, '…')
  }
  expect(await faultOf('ada-1')).toBe(await faultOf('nobody-1'))
  expect(await faultOf('ada-1')).toContain('account.not_found')
})

test('nothing is looked up for an operator, and what is the caller’s only once', async () => {
  const { ownership, looks } = newFake()
  expect(ownership.assertOwn(operator, 'ada-1')).toBeUndefined()
  expect(looks).toEqual([])
  for (let i = 0; i < 3; i++) await ownership.assertOwn(ada, 'ada-1')
  expect(looks).toEqual(['ada-1'])
})

test('a no takes a look each time, whether or not there is such an account', async () => {
  const { ownership, looks } = newFake()
  await ownership.assertOwn(ada, 'ada-1')
  for (let i = 0; i < 2; i++) {
    await ownership.isOwn(eve, 'ada-1')
    await ownership.isOwn(eve, 'nobody-1')
  }
  expect(looks).toEqual(['ada-1', 'ada-1', 'nobody-1', 'ada-1', 'nobody-1'])
})

test('a bounded number of accounts is remembered', async () => {
  const { ownership, looks } = newFake(1)
  for (const id of ['ada-1', 'ada-2', 'ada-1']) await ownership.assertOwn(ada, id)
  expect(looks).toEqual(['ada-1', 'ada-2', 'ada-1'])
})
