import type { Statement } from '../../internal/postgres/query'

/** Whether a statement makes a transaction of the ledger last: a commit, or what is a transaction by itself. */
export function commits({ name, text }: Statement): boolean {
  return text === 'commit' || name === 'transaction.WriteFromRecall'
}
