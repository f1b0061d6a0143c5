import { assertOwnSite, isNamedByAddress } from './site'

const asked = (method: string, headers: Record<string, string>) => () =>
  assertOwnSite({ method, headers })

test.each([
  ['POST', {}],
  ['POST', { 'sec-fetch-site': 'same-origin', origin: 'https://proxy.example' }],
  ['DELETE', { 'sec-fetch-site': 'none' }],
  ['POST', { origin: 'http://127.0.0.1:8080', host: '127.0.0.1:8080' }],
  ['POST', { origin: 'http://127.0.0.1:9111', ':authority': '127.0.0.1:9111' }],
  ['GET', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
  ['HEAD', { 'sec-fetch-site': 'same-site' }],
])('lets through: %s with %p', (method, headers: Record<string, string>) => {
  expect(asked(method, headers)).not.toThrow()
})

test.each([
  ['POST', { 'sec-fetch-site': 'cross-site' }],
  ['POST', { 'sec-fetch-site': 'same-site' }],
  ['PUT', { 'sec-fetch-site': 'cross-site', origin: 'http://a', host: 'a' }],
  ['PATCH', { origin: 'https://evil.example', host: '127.0.0.1:8080' }],
  ['POST', { origin: 'http://127.0.0.1:8081', host: '127.0.0.1:8080' }],
  ['POST', { origin: 'https://evil.example', ':authority': '127.0.0.1:9111' }],
  ['POST', { origin: 'null', host: 'null' }],
])('refuses: %s with %p', (method, headers: Record<string, string>) => {
  expect(asked(method, headers)).toThrow('auth.forbidden')
})

test.each([
  [{}, true],
  [{ host: '127.0.0.1:8080' }, true],
  [{ host: '192.168.0.7' }, true],
  [{ host: '[::1]:8080' }, true],
  [{ host: 'localhost:8080' }, true],
  [{ host: 'LOCALHOST' }, true],
  [{ host: 'tillbook.localhost' }, true],
  [{ ':authority': '127.0.0.1:9111' }, true],
  [{ host: 'evil.example:8080' }, false],
  [{ host: 'localhost.evil.example' }, false],
  [{ host: 'evil-localhost' }, false],
  [{ host: '127.0.0.1.evil.example' }, false],
  [{ host: '[evil.example]' }, false],
  [{ host: 'localhost:8080:8080' }, false],
  [{ host: '' }, false],
  [{ ':authority': 'evil.example' }, false],
])('of %p, that the server is named by an address is %p', (headers, expected) => {
  expect(isNamedByAddress({ headers })).toBe(expected)
})
