interface User {
  id: string
  accounts: { id: string; balance: string }[]
}

const timeoutMs = 2000

/** Three `curl` lines that work on the data that is there, found by asking the API itself. */
export async function findHints(url: string): Promise<string[]> {
  const user = await findUser(url).catch(() => undefined)
  const account = user?.accounts[0]
  if (!user || !account) {
    return [
      `  curl ${url}/readyz`,
      `  curl ${url}/users`,
      `  curl ${url}/users ${json({ id: 'ada', first_name: 'Ada', last_name: 'Lovelace' })}`,
    ]
  }
  // A balance shows how many decimals the currency has.
  const fraction = account.balance.replace(/^-?\d+/, '').replace(/\d/g, '0')
  const deposit = { account_id: account.id, amount: `25${fraction}`, description: 'First try' }
  return [
    `  curl ${url}/users/${user.id}`,
    `  curl ${url}/transactions ${json(deposit)}`,
    `  curl '${url}/accounts/${account.id}/transactions?limit=3'`,
  ]
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
