type Writer = (value: never, at: number) => number

/** How an element is written at a place, which answers its length in bytes; and its type's number in pg_type. */
const types = {
  int8: { oid: 20, write: writeInt8 },
  text: { oid: 25, write: writeText },
  uuid: { oid: 2950, write: writeUuid },
} satisfies Record<string, { oid: number; write: Writer }>

/** The types whose arrays go out in PostgreSQL's binary form. */
export type BinaryElement = keyof typeof types

export function isBinaryElement(type: string): type is BinaryElement {
  return Object.hasOwn(types, type)
}

const headBytes = 20
const lengthBytes = 4
const int8Bytes = 8
const uuidBytes = 16
/** UTF-8 takes no more for one of JavaScript's characters. */
const characterBytes = 3
/** In place of a length. */
const isNull = -1

/** Where arrays are put together, to be copied out at their length. It grows, and stays. */
let bytes = Buffer.alloc(65_536)
let view = viewOf(bytes)

/**
 * A one-dimensional array in binary. As text the server reads it character by character, which takes it two
 * to four times as long; and here that leaves a string behind for each element.
 */
export function encodeBinaryArray(type: BinaryElement, values: readonly unknown[]): Buffer {
  const { oid, write } = types[type] as { oid: number; write(value: unknown, at: number): number }
  // One dimension, no word on nulls, the type, how many elements, counted from 1.
  const head = [1, 0, oid, values.length, 1]
  head.forEach((number, i) => view.setInt32(4 * i, number))
  let at = headBytes
  for (const value of values) {
    makeRoom(at + lengthBytes + bytesMax(value))
    const length = value === null || value === undefined ? isNull : write(value, at + lengthBytes)
    view.setInt32(at, length)
    at += lengthBytes + Math.max(length, 0)
  }
  return Buffer.from(bytes.subarray(0, at))
}

function bytesMax(value: unknown): number {
  return typeof value === 'string' ? characterBytes * value.length : int8Bytes
}

function makeRoom(size: number): void {
  if (size <= bytes.length) return
  const larger = Buffer.alloc(2 * size)
  bytes.copy(larger)
  bytes = larger
  view = viewOf(larger)
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

/** The view would cut a number to 64 bits without a word. */
function writeInt8(value: bigint, at: number): number {
  if (BigInt.asIntN(64, value) !== value) throw new RangeError(`${value} is no int8`)
  view.setBigInt64(at, value)
  return int8Bytes
}

function writeText(value: string, at: number): number {
  return bytes.write(value, at)
}

const noDigit = 0x80
const digits = new Uint8Array(128).fill(noDigit)
for (let digit = 0; digit < 16; digit++) {
  const character = digit.toString(16)
  digits[character.charCodeAt(0)] = digit
  digits[character.toUpperCase().charCodeAt(0)] = digit
}

function digitAt(text: string, i: number): number {
  return digits[text.charCodeAt(i)] ?? noDigit
}

/** Digit by digit: Buffer reads them only without the dashes, and takes five times as long. */
function writeUuid(value: string, at: number): number {
  let end = at
  let seen = 0
  for (let i = 0; i < value.length; i += 2) {
    if (value[i] === '-') i += 1
    const [high, low] = [digitAt(value, i), digitAt(value, i + 1)]
    seen |= high | low
    bytes[end++] = (high << 4) | low
  }
  const isUuid = end - at === uuidBytes && (seen & noDigit) === 0
  if (!isUuid) throw new RangeError(`"${value}" is no UUID`)
  return uuidBytes
}
