import { findHints } from './hints'

const nobody = 'http://127.0.0.1:1'
const options = { currency: 'EUR', simulatorUrl: undefined }

test('tells that the database that comes along goes on running, and how to stop it', async () => {
  const hints = await findHints(nobody, { ...options, isEmbedded: true })
  expect(hints.at(-1)).toMatch(/^Ctrl-C stops it\. .* `make db-stop`/)
})

test('says nothing of a database that was there before', async () => {
  const hints = await findHints(nobody, { ...options, isEmbedded: false })
  expect(hints.at(-1)).toBe('Ctrl-C stops it.')
})

test('has something to try also where nobody answers', async () => {
  const hints = await findHints(nobody, { ...options, isEmbedded: false })
  expect(hints).toContain(`  curl ${nobody}/users`)
})
