import { sortObject, type JsonObject } from '../../internal/json/json'
import { formatMoney, scaleOf } from '../../internal/money/currency'
import { formatDecimal, toMinorUnits, type Decimal } from '../../internal/money/decimal'
import type { Refusal } from '../transaction/transaction'
import { checkoutFaults, type LockedCart, type LockedLine } from './checkout'

/** Why a line cannot be bought as it is. */
export type LineReason = 'no_price' | 'off_market' | 'sold_out' | 'not_enough'

/** A line that cannot be bought, and how many of it there are. */
export interface LineFlaw {
  line: LockedLine
  reason: LineReason
  available: bigint
}

interface Refused {
  refusal: Refusal
}

export function refuseEmpty(): Refused {
  const detail = 'There is nothing in the cart that could be ordered.'
  return refuse(checkoutFaults.cartEmpty.code, detail)
}

/** The whole cart, naming each line that stands in the way, and what the others come to. */
export function refuseLines({ lines, currency }: LockedCart, flaws: readonly LineFlaw[]): Refused {
  const flawed = new Set(flaws.map(({ line }) => line))
  const rest = lines.filter((line) => !flawed.has(line))
  return refuse(checkoutFaults.linesRefused.code, describe(flaws), {
    currency,
    lines: flaws.map(({ line, reason, available }) => ({
      ...{ line_id: line.id, name: line.name, quantity: line.quantity },
      ...{ reason, available: Number(available) },
    })),
    remaining: {
      lines: rest.map(({ id, name, quantity }) => ({ line_id: id, name, quantity })),
      total: formatMoney(totalOf(rest), currency),
    },
  })
}

/** A price has changed since the caller looked. */
export function refuseTotal({ lines, currency }: LockedCart, expected: Decimal): Refused {
  const total = formatMoney(totalOf(lines), currency)
  const detail = `The cart comes to ${total} ${currency}, and not to ${show(expected, currency)}.`
  return refuse(checkoutFaults.totalChanged.code, detail, {
    currency,
    lines: lines.map(({ id, name, quantity, price }) => ({
      ...{ line_id: id, name, quantity },
      unit_price: formatMoney(price!, currency),
    })),
    total,
  })
}

/** As money where it can be money: whoever expects tenths of a cent has them named. */
function show(expected: Decimal, currency: string): string {
  const units = toMinorUnits(expected, scaleOf(currency))
  return units === undefined ? formatDecimal(expected) : formatMoney(units, currency)
}

/** What the lines come to, in minor units; all of them have a price. */
export function totalOf(lines: readonly LockedLine[]): bigint {
  return lines.reduce((sum, { price, quantity }) => sum + price! * BigInt(quantity), 0n)
}

/** Whether it is the very amount that the caller has seen. */
export function isExpected(total: bigint, expected: Decimal | null, currency: string): boolean {
  if (expected === null) return true
  const scale = scaleOf(currency)
  const more = 10n ** BigInt(Math.max(0, expected.scale - scale))
  const units = expected.units * 10n ** BigInt(Math.max(0, scale - expected.scale))
  return total * more === units
}

/** So many are named in the sentence; all of them are in `lines`. */
const namedMax = 5

function describe(flaws: readonly LineFlaw[]): string {
  const named = flaws.slice(0, namedMax).map(describeOne)
  if (flaws.length > namedMax) named.push(`and so on, ${flaws.length} lines in all`)
  return `Nothing was ordered: ${named.join('; ')}.`
}

function describeOne({ line, reason, available }: LineFlaw): string {
  switch (reason) {
    case 'no_price':
      return `"${line.name}" has no price`
    case 'off_market':
      return `"${line.name}" is not sold any more`
    case 'sold_out':
      return `"${line.name}" is sold out`
    case 'not_enough':
      return `of "${line.name}" there are ${available} left, and not ${line.quantity}`
  }
}

function refuse(code: string, detail: string, members?: JsonObject): Refused {
  return { refusal: { code, detail, ...(members && { members: sortObject(members)! }) } }
}
