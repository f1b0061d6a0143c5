import { currencyScales } from './currency.gen'
import { formatMinorUnits } from './decimal'

/** Whether it is a currency of ISO 4217 that accounts are kept in. */
export function isCurrency(code: string): boolean {
  return Object.hasOwn(currencyScales, code)
}

/** Decimals of the currency's minor unit: 2 for EUR, 0 for JPY, 3 for KWD. */
export function scaleOf(currency: string): number {
  const scale = currencyScales[currency]
  if (scale === undefined) throw new Error(`no such currency: ${currency}`)
  return scale
}

/** Minor units as the wire shows them: `1250n` EUR is `"12.50"`. */
export function formatMoney(minorUnits: bigint, currency: string): string {
  return formatMinorUnits(minorUnits, scaleOf(currency))
}
