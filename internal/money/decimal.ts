/**
 * A decimal number as a client wrote it, before its currency is known: `units / 10 ** scale`,
 * without trailing zeros, so that 12.5 and 12.50 are one value.
 */
export interface Decimal {
  units: bigint
  scale: number
}

/** The largest amount and the largest balance, in minor units: exact in every JSON reader. */
export const minorUnitsMax = 9_007_199_254_740_991n

const plainDecimal = /^-?(?:0|[1-9]\d{0,19})(?:\.\d{1,12})?$/
const digitsMax = 15

/** Reads `-12.50`; undefined for anything but plain digits with at most one point. */
export function readDecimal(text: string): Decimal | undefined {
  if (!plainDecimal.test(text)) return undefined
  const point = text.indexOf('.')
  if (point < 0) return { units: BigInt(text), scale: 0 }
  const digits = text.slice(0, point) + text.slice(point + 1)
  return stripZeros(BigInt(digits), text.length - point - 1)
}

/**
 * Takes a JSON number by its shortest decimal form. Beyond 15 significant digits a double no longer
 * says which decimal was meant: undefined.
 */
export function decimalOfNumber(value: number): Decimal | undefined {
  if (!Number.isFinite(value)) return undefined
  const [mantissa = '', exponentText] = String(value).split('e')
  const exponent = Number(exponentText ?? 0)
  const point = mantissa.indexOf('.')
  const decimals = point < 0 ? 0 : mantissa.length - point - 1
  const units = BigInt(mantissa.replace('.', ''))
  if (String(units).replace('-', '').replace(/0+$/, '').length > digitsMax) return undefined
  const scale = decimals - exponent
  if (scale > 12 || scale < -20) return undefined
  return scale >= 0 ? stripZeros(units, scale) : { units: units * 10n ** BigInt(-scale), scale: 0 }
}

function stripZeros(units: bigint, scale: number): Decimal {
  while (scale > 0 && units % 10n === 0n) {
    units /= 10n
    scale -= 1
  }
  return { units, scale }
}

/** In minor units of a currency with that scale; undefined when there are decimals left over. */
export function toMinorUnits(decimal: Decimal, scale: number): bigint | undefined {
  if (decimal.scale > scale) return undefined
  return decimal.units * 10n ** BigInt(scale - decimal.scale)
}

/** `1250n` at scale 2 as `"12.50"`. */
export function formatMinorUnits(minorUnits: bigint, scale: number): string {
  if (scale === 0) return String(minorUnits)
  const negative = minorUnits < 0n
  const digits = String(negative ? -minorUnits : minorUnits).padStart(scale + 1, '0')
  const point = digits.length - scale
  return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`
}

/** The value itself, as text: `"12.5"`. */
export function formatDecimal(decimal: Decimal): string {
  return formatMinorUnits(decimal.units, decimal.scale)
}
