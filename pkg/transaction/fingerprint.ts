import { hash } from 'node:crypto'
import { sortKeys } from '../../internal/json/json'
import { formatDecimal } from '../../internal/money/decimal'
import type { Instruction } from './instruction'

/** An instruction before it has a key; the Omit of each, not of their union. */
export type Unkeyed<One extends Instruction = Instruction> = One extends Instruction
  ? Omit<One, 'idempotency'>
  : never

/**
 * A digest of what an instruction means: SHA-256 in hexadecimal. How it was written makes no
 * difference: 12.5 and "12.50", the order of keys, `counterparty_id: null` and none. A text and not a
 * Buffer, which costs twice as much to make and keeps the garbage collector busy.
 */
export function fingerprintOf(instruction: Unkeyed): string {
  return hash('sha256', JSON.stringify(meaningOf(instruction)), 'hex')
}

// Members by name: what is stored with a key today is compared with what comes years later. A post has
// no kind, because posts were all there was once.
function meaningOf(instruction: Unkeyed): object {
  switch (instruction.kind) {
    case 'post':
      return {
        account_id: instruction.accountId,
        amount: formatDecimal(instruction.amount),
        counterparty_id: instruction.counterpartyId,
        description: instruction.description,
        effective_at: instruction.effectiveAt,
        metadata: instruction.metadata && sortKeys(instruction.metadata),
      }
    case 'reverse':
      return { kind: instruction.kind, transaction_id: instruction.original.id }
    case 'open_hold':
      return {
        account_id: instruction.accountId,
        amount: formatDecimal(instruction.amount),
        counterparty_id: instruction.counterpartyId,
        description: instruction.description,
        expires_at: instruction.expiresAt,
        kind: instruction.kind,
        metadata: instruction.metadata && sortKeys(instruction.metadata),
      }
    case 'capture_hold': {
      const { amount, hold, kind } = instruction
      return { amount: amount && formatDecimal(amount), hold_id: hold.id, kind }
    }
    case 'release_hold':
      return { hold_id: instruction.hold.id, kind: instruction.kind }
    case 'extend_hold': {
      const { expiresAt, hold, kind } = instruction
      return { expires_at: expiresAt, hold_id: hold.id, kind }
    }
    case 'pay': {
      const { accountId, companion, kind } = instruction
      return { account_id: accountId, [companion.kind]: companion.meaning, kind }
    }
  }
}
