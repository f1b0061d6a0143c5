import { formatMoney, scaleOf } from '../../internal/money/currency'

interface User {
  id: string
  accounts: Account[]
}

interface Account {
  id: string
  currency: string
}

export interface HintOptions {
  /** Of the shop. */
  currency: string
  simulatorUrl: string | undefined
  /** Whether the database is the one that comes along, which goes on running. */
  isEmbedded: boolean
}

const timeoutMs = 2000

/**
 * What else is served, and `curl` lines that work in their order on the data that is there, found by
 * asking the API itself. Those of the shop are for whoever is taken for an operator.
 */
export async function findHints(
  url: string,
  { currency, simulatorUrl, isEmbedded }: HintOptions,
): Promise<string[]> {
  const user = await findUser(url).catch(() => undefined)
  const [first] = user?.accounts ?? []
  const payer = user?.accounts.find((account) => account.currency === currency)
  return [
    `The reference:  ${url}/docs`,
    ...(simulatorUrl ? [`The simulator:  ${simulatorUrl}`] : []),
    '',
    'Try the ledger:',
    ...(user && first ? hintsOfBook(url, user, first) : hintsOfEmptyBook(url)),
    '',
    'Try the shop:',
    ...(payer ? hintsOfCart(url, payer) : []),
    ...(simulatorUrl ? [hintOfOrder(url)] : []),
    `  curl ${url}/orders`,
    '',
    `Ctrl-C stops it.${isEmbedded ? ' Its database goes on running; `make db-stop` stops that.' : ''}`,
  ]
}

function hintsOfBook(url: string, user: User, account: Account): string[] {
  const amount = formatMoney(25n * 10n ** BigInt(scaleOf(account.currency)), account.currency)
  return [
    `  curl ${url}/users/${user.id}`,
    `  curl ${url}/transactions ${json({ account_id: account.id, amount, description: 'First try' })}`,
    `  curl '${url}/accounts/${account.id}/transactions?limit=3'`,
  ]
}

function hintsOfEmptyBook(url: string): string[] {
  return [
    `  curl ${url}/readyz`,
    `  curl ${url}/users`,
    `  curl ${url}/users ${json({ id: 'ada', first_name: 'Ada', last_name: 'Lovelace' })}`,
  ]
}

/** A price, a cart, how its line is being reserved, and a checkout that an operator pays for another. */
function hintsOfCart(url: string, payer: Account): string[] {
  const price = formatMoney(240n, payer.currency)
  return [
    `  curl ${url}/catalogue ${json({ name: 'Espresso', price })}`,
    `  curl ${url}/items ${json({ name: 'Espresso', quantity: 2 })}`,
    `  curl ${url}/items`,
    `  curl ${url}/checkout ${json({ account_id: payer.id })}`,
  ]
}

/** One that the simulator knows. */
function hintOfOrder(url: string): string {
  const order = { user_id: '7c11e1ce2741', product_code: 'classic-box' }
  return `  curl ${url}/orders ${json(order)}`
}

function json(body: object): string {
  return `-H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`
}

/** The first of the made-up users, or any. */
async function findUser(url: string): Promise<User | undefined> {
  const ada = await get(`${url}/users/ada`)
  if (ada.ok) return (await ada.json()) as User
  const page = (await (await get(`${url}/users?limit=1`)).json()) as { data: { id: string }[] }
  const [first] = page.data
  if (!first) return undefined
  return (await (await get(`${url}/users/${first.id}`)).json()) as User
}

function get(url: string): Promise<Response> {
  return fetch(url, { signal: AbortSignal.timeout(timeoutMs) })
}
