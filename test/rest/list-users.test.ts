import { startApi, type TestApi } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

const idsOf = ({ data }: { data: { id: string }[] }) => data.map(({ id }) => id)

async function pages(limit: number, cursor?: string | null): Promise<string[][]> {
  const all: string[][] = []
  do {
    const page = await api.users(`limit=${limit}${cursor ? `&cursor=${cursor}` : ''}`)
    all.push(idsOf(page))
    cursor = page.next_cursor
  } while (cursor !== null)
  return all
}

test('answers an empty page when there is nobody', async () => {
  expect(await api.users()).toEqual({ data: [], next_cursor: null })
})

test('lists users by id, as ASCII orders them, each once over all pages', async () => {
  const ids = ['B', 'Z', 'a', 'a-1', 'a.1', 'a1', 'a:1', 'a_1', 'b']
  for (const id of [...ids].reverse()) {
    await api.send({
      method: 'POST',
      path: '/users',
      json: { id, first_name: 'A', last_name: 'B' },
    })
  }
  const sorted = [...ids].sort()
  expect(await pages(4)).toEqual([sorted.slice(0, 4), sorted.slice(4, 8), sorted.slice(8)])
  expect(await pages(9)).toEqual([sorted])
  expect((await pages(1)).flat()).toEqual(sorted)
})

test('gives 20 users unless another number is asked for, and 100 at most', async () => {
  for (let i = 0; i < 101; i++) await api.aUser('many')
  expect((await api.users()).data).toHaveLength(20)
  expect((await api.users('limit=100')).data).toHaveLength(100)
  await api.refuses(
    { path: '/users?limit=101' },
    { status: 400, code: 'request.invalid', paths: ['limit'] },
  )
})

test('neither skips nor repeats anybody while users are being added', async () => {
  const first = await api.users('limit=3')
  const before = (await pages(100)).flat()
  const added = ['0-before', 'zz-behind']
  for (const id of added) {
    await api.send({
      method: 'POST',
      path: '/users',
      json: { id, first_name: 'A', last_name: 'B' },
    })
  }
  const rest = (await pages(100, first.next_cursor)).flat()
  expect([...idsOf(first), ...rest]).toEqual([...before, 'zz-behind'])
})

test('refuses a cursor that is none of this list', async () => {
  const refused = { status: 400, code: 'page.invalid_cursor', paths: ['cursor'] }
  await api.refuses({ path: '/users?cursor=made-up' }, refused)
  const account = await api.anAccount({ balance: '3.00' })
  await api.deposit(account, '1.00')
  const { next_cursor } = await api.entries(account.id, 'limit=1')
  await api.refuses({ path: `/users?cursor=${next_cursor}` }, refused)
})
