import { accountDto } from '../../pkg/account/dto/account'
import { startApi, type TestApi } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.close())

const invalid = { status: 400, code: 'request.invalid' }

async function aPath(): Promise<string> {
  return `/users/${(await api.aUser()).id}/accounts`
}

test('opens an account under the id that was asked for, and says where it is', async () => {
  const path = await aPath()
  const json = { id: 'ada-checking', name: 'Checking', currency: 'EUR' }
  const answer = await api.send({ method: 'POST', path, json })
  expect(answer).toMatchObject({ status: 201, headers: { location: '/accounts/ada-checking' } })
  expect(answer.body).toMatchObject({ ...json, balance: '0.00', min_balance: '0.00' })
  expect(await api.account('ada-checking')).toEqual(answer.body)
})

test('gives a UUIDv7 to an account without an id', async () => {
  const { id } = await api.post(await aPath(), { name: 'A', currency: 'EUR' }, accountDto)
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test.each([
  ['EUR', '-500', '-500.00', '0.00'],
  ['EUR', -12.5, '-12.50', '0.00'],
  ['JPY', '-500', '-500', '0'],
  ['KWD', '-1.5', '-1.500', '0.000'],
  ['CLF', '-0.0001', '-0.0001', '0.0000'],
  ['EUR', '0', '0.00', '0.00'],
  ['EUR', '-90071992547409.91', '-90071992547409.91', '0.00'],
])('keeps a credit line in the scale of %s: %j', async (currency, given, min_balance, balance) => {
  const json = { name: 'Credit', currency, min_balance: given }
  const account = await api.post(await aPath(), json, accountDto)
  expect(account).toMatchObject({ currency, min_balance, balance })
})

test.each([
  ['above zero', 'EUR', '0.01'],
  ['finer than the currency', 'EUR', '-0.001'],
  ['finer than the currency', 'JPY', '-0.5'],
  ['beyond the range', 'EUR', '-90071992547409.92'],
  ['no decimal', 'EUR', '-1e3'],
  ['no amount', 'EUR', {}],
])('refuses a min_balance that is %s', async (_name, currency, min_balance) => {
  const json = { name: 'Credit', currency, min_balance }
  const path = await aPath()
  await api.refuses({ method: 'POST', path, json }, { ...invalid, paths: ['min_balance'] })
})

test.each(['XYZ', 'eur', '', 'EURO', 'XXX', '__proto__', 'toString', null, 978])(
  'refuses %j as a currency',
  async (currency) => {
    const path = await aPath()
    const json = { name: 'A', currency }
    await api.refuses({ method: 'POST', path, json }, { ...invalid, paths: ['currency'] })
  },
)

test('refuses what belongs to the outside world, missing fields and unknown ones', async () => {
  const path = await aPath()
  const refuse = (json: object, paths: string[]) =>
    api.refuses({ method: 'POST', path, json }, { ...invalid, paths })
  await refuse({ id: 'world:EUR', name: 'A', currency: 'EUR' }, ['id'])
  await refuse({}, ['currency', 'name'])
  await refuse({ name: 'A', currency: 'EUR', balance: '100', user_id: 'x' }, ['balance', 'user_id'])
})

test('refuses an id that is there already, whoever has it', async () => {
  const { id } = await api.anAccount()
  const json = { id, name: 'A', currency: 'EUR' }
  const path = await aPath()
  await api.refuses({ method: 'POST', path, json }, { status: 409, code: 'account.exists' })
})

test('refuses a user that is not there', async () => {
  const json = { name: 'A', currency: 'EUR' }
  const path = '/users/nobody/accounts'
  await api.refuses({ method: 'POST', path, json }, { status: 404, code: 'user.not_found' })
})

test('opens exactly 100 of 120 accounts that are asked for at once, and not one more', async () => {
  const user = await api.aUser()
  const sent = { method: 'POST', path: `/users/${user.id}/accounts` } as const
  const json = { name: 'A', currency: 'EUR' }
  const answers = await Promise.all(Array.from({ length: 120 }, () => api.send({ ...sent, json })))
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(100)
  const refused = { status: 422, code: 'user.too_many_accounts' }
  expect(answers.filter(({ status }) => status === refused.status)).toHaveLength(20)
  expect((await api.user(user.id)).accounts).toHaveLength(100)
  await api.refuses({ ...sent, json }, refused)
})
