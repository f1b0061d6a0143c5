import type { Instant } from '../clock/instant'

/** As google.protobuf.Timestamp has it, to the microsecond. */
export function toTimestamp(instant: Instant): { seconds: bigint; nanos: number } {
  const point = instant.indexOf('.')
  const ms = Date.parse(`${instant.slice(0, point)}Z`)
  return { seconds: BigInt(ms) / 1000n, nanos: Number(instant.slice(point + 1, -1)) * 1000 }
}
