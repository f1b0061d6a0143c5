import { createHash } from 'node:crypto'
import { canonicalJson } from '../../internal/json/json'
import { formatDecimal } from '../../internal/money/decimal'
import type { NewTransaction } from './transaction'

/**
 * A digest of what a request means: SHA-256, 32 bytes. How it was written makes no difference: 12.5
 * and "12.50", the order of keys, `counterparty_id: null` and none.
 */
export function fingerprintOf(request: Omit<NewTransaction, 'idempotency'>): Buffer {
  const meaning = canonicalJson({
    account_id: request.accountId,
    amount: formatDecimal(request.amount),
    counterparty_id: request.counterpartyId,
    description: request.description,
    metadata: request.metadata,
    effective_at: request.effectiveAt,
  })
  return createHash('sha256').update(meaning).digest()
}
