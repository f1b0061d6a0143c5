import { createHash } from 'node:crypto'
import type { Instant } from '../../internal/clock/instant'

/** Where a transaction stands among all of them: by the number of what wrote it, then by id. */
export interface Position {
  xactNo: bigint
  id: string
}

/** The digests of the rows of a range, in order. */
export interface RowDigests {
  transactions: number
  /** 16 bytes for each. */
  ids: Buffer
  /** The first 8 bytes of each row's SHA-256. */
  digests: Buffer
  /** SHA-256 over the SHA-256 of each. */
  rowsDigest: Buffer
}

/** One link of the chain: a range of positions, and what its rows come to. */
export interface Seal extends RowDigests {
  /** Counted from 1 without gaps. */
  no: bigint
  /** In which form the rows were hashed. */
  encoding: number
  /** Exclusive: the end of the seal before. */
  from: Position
  /** Inclusive: the last of its transactions. */
  to: Position
  createdAt: Instant
  /** Over the digest before and everything above. */
  digest: Buffer
}

/** What the next seal goes on from. */
export type Link = Pick<Seal, 'no' | 'digest' | 'to'>

/** The form of sql/seal.sql. When the columns of a transaction change, it gets another one. */
export const encoding = 1

/** Before the first transaction. */
export const beginning: Position = {
  xactNo: -(2n ** 63n),
  id: '00000000-0000-0000-0000-000000000000',
}

/** What the first seal goes on from. */
export const noLink: Link = { no: 0n, digest: Buffer.alloc(32), to: beginning }

export const idBytes = 16
export const shortDigestBytes = 8

/**
 * A seal's digest: SHA-256 over the one before and all of its fields. Every field but the last two
 * has a fixed length, and the number of transactions gives theirs, so that no two seals have the same bytes.
 */
export function digestSeal(before: Buffer, seal: Omit<Seal, 'digest'>): Buffer {
  const head = Buffer.alloc(6 + 8 + 8 + 8)
  head.writeUInt16BE(seal.encoding, 0)
  head.writeUInt32BE(seal.transactions, 2)
  head.writeBigInt64BE(seal.no, 6)
  head.writeBigInt64BE(seal.from.xactNo, 14)
  head.writeBigInt64BE(seal.to.xactNo, 22)
  const hash = createHash('sha256').update(before).update(head)
  hash.update(bytesOfId(seal.from.id)).update(bytesOfId(seal.to.id)).update(seal.createdAt)
  return hash.update(seal.rowsDigest).update(seal.ids).update(seal.digests).digest()
}

export function bytesOfId(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex')
}

/** The id of a row in `ids`, as text. */
export function idAt(ids: Buffer, index: number): string {
  const hex = ids.toString('hex', index * idBytes, (index + 1) * idBytes)
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)]
  return [...parts, hex.slice(20)].join('-')
}

/** What a step of the sealer came to: `busy` when another process seals at this moment. */
export type Sealed = Seal | 'busy' | 'none'

export interface SealStore {
  /** Seals the next transactions, that many at most, below the horizon. */
  sealNext(transactionsMax: number): Promise<Sealed>
}
