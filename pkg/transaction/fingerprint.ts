import { hash } from 'node:crypto'
import { sortKeys } from '../../internal/json/json'
import { formatDecimal } from '../../internal/money/decimal'
import type { NewTransaction } from './transaction'

/**
 * A digest of what a request means: SHA-256, 32 bytes. How it was written makes no difference: 12.5
 * and "12.50", the order of keys, `counterparty_id: null` and none.
 */
export function fingerprintOf(request: Omit<NewTransaction, 'idempotency'>): Buffer {
  // Members by name: what is stored with a key today is compared with what comes years later.
  const meaning = JSON.stringify({
    account_id: request.accountId,
    amount: formatDecimal(request.amount),
    counterparty_id: request.counterpartyId,
    description: request.description,
    effective_at: request.effectiveAt,
    metadata: request.metadata && sortKeys(request.metadata),
  })
  return hash('sha256', meaning, 'buffer')
}
