import { uuid } from '../../internal/id/id'

/**
 * Where a transaction stands in the one order of all: by the database transaction that wrote it, then
 * by id. As text `<xactNo>-<id>`, which stays the same for ever.
 */
export interface Position {
  xactNo: bigint
  /** A UUID in lower case. */
  id: string
}

const lowestId = '00000000-0000-0000-0000-000000000000'

/** Before all transactions. */
export const beginning: Position = { xactNo: 0n, id: lowestId }

/** Below zero, `a` comes first. */
export function comparePositions(a: Position, b: Position): number {
  if (a.xactNo !== b.xactNo) return a.xactNo < b.xactNo ? -1 : 1
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1
}

export function formatPosition({ xactNo, id }: Position): string {
  return `${xactNo}-${id}`
}

const form = /^(0|[1-9]\d{0,18})-([0-9a-f-]{36})$/
const bigintMax = 9_223_372_036_854_775_807n

/** Undefined for any text that formatPosition does not write. */
export function readPosition(text: string): Position | undefined {
  const [, digits, id] = form.exec(text) ?? []
  if (digits === undefined || id === undefined || !uuid.test(id)) return undefined
  const xactNo = BigInt(digits)
  return xactNo <= bigintMax ? { xactNo, id } : undefined
}
