import { createHash } from 'node:crypto'
import type { Instant } from '../../internal/clock/instant'
import { digestSeal, idAt, noLink, type Seal } from './seal'

const id = '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e'
const seal: Omit<Seal, 'digest'> = {
  no: 1n,
  encoding: 1,
  from: noLink.to,
  to: { xactNo: 42n, id },
  transactions: 1,
  createdAt: '2026-01-31T09:30:00.000000Z' as Instant,
  ids: Buffer.from(id.replaceAll('-', ''), 'hex'),
  digests: Buffer.alloc(8, 7),
  rowsDigest: Buffer.alloc(32, 9),
}

test('a digest is SHA-256 over the one before, the numbers, the ids, the time and the rows', () => {
  const bytes = [
    '00'.repeat(32),
    '0001' + '00000001',
    '0000000000000001' + '8000000000000000' + '000000000000002a',
    '00'.repeat(16) + id.replaceAll('-', ''),
    Buffer.from('2026-01-31T09:30:00.000000Z').toString('hex'),
    '09'.repeat(32) + id.replaceAll('-', '') + '07'.repeat(8),
  ].join('')
  const wanted = createHash('sha256').update(Buffer.from(bytes, 'hex')).digest('hex')
  expect(digestSeal(noLink.digest, seal).toString('hex')).toBe(wanted)
})

test('reads ids back', () => {
  expect(idAt(Buffer.concat([Buffer.alloc(16), seal.ids]), 1)).toBe(id)
})
