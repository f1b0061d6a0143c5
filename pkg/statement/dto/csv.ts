import { formatMoney } from '../../../internal/money/currency'
import { worldPrefix } from '../../account/account'
import { pieceLength } from './piece'
import type { StatementLine, StatementPage } from '../statement'

/** `line` says what a row is: `opening`, `transaction` or `closing`. */
const columns = [
  'line',
  'effective_at',
  'id',
  'amount',
  'currency',
  'balance',
  'balance_after',
  'counterparty_id',
  'description',
  'metadata',
  'created_at',
  'reverses_id',
  'hold_id',
] as const

type Row = Partial<Record<(typeof columns)[number], string | null>>

/**
 * The statement as CSV (RFC 4180) with a header row, piece by piece. The rows of the opening and the
 * closing balance stand around those of the lines, so that a file that was cut off shows it.
 */
export async function* toCsv(
  pages: AsyncIterable<StatementPage>,
): AsyncGenerator<string, void, void> {
  let piece = toText(columns)
  let closing: Row = {}
  let isFirst = true
  for await (const { opening, lines, balance } of pages) {
    const { currency, from, to, openingBalance } = opening
    if (isFirst) {
      const money = formatMoney(openingBalance, currency)
      piece += toLine({ line: 'opening', effective_at: from, currency, balance: money })
    }
    isFirst = false
    for (const line of lines) {
      piece += toLine(toRow(line))
      if (piece.length < pieceLength) continue
      yield piece
      piece = ''
    }
    const money = formatMoney(balance, currency)
    closing = { line: 'closing', effective_at: to, currency, balance: money }
    if (piece !== '') yield piece
    piece = ''
  }
  yield toLine(closing)
}

function toRow({ transaction, balance }: StatementLine): Row {
  const { currency, counterpartyId, description, metadata } = transaction
  return {
    line: 'transaction',
    effective_at: transaction.effectiveAt,
    id: transaction.id,
    amount: formatMoney(transaction.amount, currency),
    currency,
    balance: formatMoney(balance, currency),
    balance_after: formatMoney(transaction.balanceAfter, currency),
    counterparty_id: counterpartyId ?? `${worldPrefix}${currency}`,
    description: description && asText(description),
    metadata: metadata && JSON.stringify(metadata),
    created_at: transaction.createdAt,
    reverses_id: transaction.reversesId,
    hold_id: transaction.holdId,
  }
}

// With a full-width sign as well, which some spreadsheets read as the plain one.
const formulaStart = /^[=+\-@\t\r\n'＝＋－＠]/

/**
 * Free text that no spreadsheet takes for a formula: an apostrophe stands before what might be one,
 * and before an apostrophe, so that taking one away always gives the text back.
 */
function asText(text: string): string {
  return formulaStart.test(text) ? `'${text}` : text
}

function toLine(row: Row): string {
  return toText(columns.map((column) => row[column] ?? ''))
}

const needsQuotes = /[",\r\n]|^\s|\s$/

function toText(cells: readonly string[]): string {
  const quoted = cells.map((cell) =>
    needsQuotes.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell,
  )
  return `${quoted.join(',')}\r\n`
}
