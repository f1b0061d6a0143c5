import { setTimeout as sleep } from 'node:timers/promises'
import { cpuBetween, readCpuTimes, type CpuTimes, type UsageOptions } from '../usage'

const lookEveryMs = 500
const quietShareMax = 0.05
/** Longer than any pause that background work makes. */
const quietForMs = 3_000
const settleMsMax = 900_000

/**
 * Waits until the API, which has just been started on the big book, has done in the background what
 * there is to do: rolled the accounts up, sealed the transactions. Whatever it is, it is over when
 * neither the API nor its database uses the processor any more. Where that cannot be seen, it does not
 * wait. Answers how long it took, in milliseconds.
 */
export async function settle(usage: UsageOptions): Promise<number> {
  const startedAt = performance.now()
  let before = readCpuTimes(usage)
  let quietSince = startedAt
  for (;;) {
    const at = performance.now()
    await sleep(lookEveryMs)
    const now = performance.now()
    const after = readCpuTimes(usage)
    const used = usedMicros(cpuBetween(before, after))
    before = after
    if (used === undefined) return 0
    if (used / 1000 / (now - at) > quietShareMax) quietSince = now
    if (now - quietSince >= quietForMs) return now - startedAt
    if (now - startedAt > settleMsMax) throw new Error('the API does not come to rest')
  }
}

function usedMicros({ api, database }: CpuTimes): number | undefined {
  return api === undefined || database === undefined ? undefined : api + database
}
