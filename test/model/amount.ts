// Written anew for the oracle: a slip in internal/money must not be one in what judges it.

const decimals: Record<string, number> = { EUR: 2, JPY: 0, KWD: 3 }

export const currencies = Object.keys(decimals)

/** The largest amount, and the largest balance. */
export const largestUnits = 2n ** 53n - 1n

/** `"12.5"` EUR is 1250n; undefined when the currency has not so many decimals. */
export function toUnits(text: string, currency: string): bigint | undefined {
  const [whole = '', fraction = ''] = withoutZeros(text).split('.')
  const places = decimals[currency]!
  if (fraction.length > places) return undefined
  return BigInt(whole.replace('-', '') + fraction.padEnd(places, '0')) * signOf(text)
}

/** 1250n EUR is `"12.50"`. */
export function toText(units: bigint, currency: string): string {
  const places = decimals[currency]!
  const digits = String(units < 0n ? -units : units).padStart(places + 1, '0')
  const cut = digits.length - places
  const text = places === 0 ? digits : `${digits.slice(0, cut)}.${digits.slice(cut)}`
  return units < 0n ? `-${text}` : text
}

/** The same number in one way of writing it. */
export function withoutZeros(text: string): string {
  return text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text
}

function signOf(text: string): bigint {
  return text.startsWith('-') ? -1n : 1n
}
