import type { IncomingMessage } from 'node:http'
import { newAddressOf } from './address'

function requestFrom(remoteAddress: string | undefined, forwarded?: string): IncomingMessage {
  const headers = { 'x-forwarded-for': forwarded }
  return { socket: { remoteAddress }, headers } as unknown as IncomingMessage
}

test('without a proxy of ours nobody is believed what they forward', () => {
  const addressOf = newAddressOf(0)
  expect(addressOf(requestFrom('192.0.2.1', '198.51.100.1'))).toBe('192.0.2.1')
  expect(addressOf(requestFrom(undefined))).toBe('')
})

test.each<[number, string | undefined, string]>([
  [1, '198.51.100.1', '198.51.100.1'],
  [1, '203.0.113.9, 198.51.100.1', '198.51.100.1'],
  [2, '203.0.113.9, 198.51.100.1,10.0.0.1', '198.51.100.1'],
  [1, '2001:db8::1', '2001:db8::1'],
  [2, '198.51.100.1', '192.0.2.1'],
  [1, undefined, '192.0.2.1'],
  [1, 'unknown', '192.0.2.1'],
  [1, '198.51.100.1:443', '192.0.2.1'],
  [1, '198.51.100.1,', '192.0.2.1'],
])('behind %i of them, X-Forwarded-For: %s comes from %s', (proxies, forwarded, address) => {
  expect(newAddressOf(proxies)(requestFrom('192.0.2.1', forwarded))).toBe(address)
})
