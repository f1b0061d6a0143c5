import { formatMoney } from '../../../internal/money/currency'
import type { Transaction } from '../../transaction/transaction'
import { pieceLength } from './piece'
import type { StatementPage } from '../statement'

/** The statement as JSON, piece by piece; `toTransactionDto` says what a transaction looks like. */
export async function* toJson(
  pages: AsyncIterable<StatementPage>,
  toTransactionDto: (transaction: Transaction) => object,
): AsyncGenerator<string, void, void> {
  let head = true
  let comma = ''
  let end = ''
  for await (const { opening, lines, balance } of pages) {
    const { currency } = opening
    let piece = ''
    if (head) piece = toHead(opening)
    head = false
    for (const line of lines) {
      const dto = {
        ...toTransactionDto(line.transaction),
        balance: formatMoney(line.balance, currency),
      }
      piece += comma + JSON.stringify(dto)
      comma = ','
      if (piece.length < pieceLength) continue
      yield piece
      piece = ''
    }
    end = `],"closing_balance":"${formatMoney(balance, currency)}"}`
    if (piece !== '') yield piece
  }
  yield end
}

function toHead({ accountId, currency, from, to, openingBalance }: StatementPage['opening']) {
  const head = {
    account_id: accountId,
    currency,
    from,
    to,
    opening_balance: formatMoney(openingBalance, currency),
  }
  return `${JSON.stringify(head).slice(0, -1)},"lines":[`
}
