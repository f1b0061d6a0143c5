import { existsSync } from 'node:fs'
import { cpuBetween, findPostmaster, readCpuTimes, readRssMb } from './usage'

const onLinux = existsSync('/proc/self/stat') ? test : test.skip

onLinux('counts the CPU time of a process, as that process does itself', () => {
  const usage = { apiPids: [process.pid], postmasterPid: undefined }
  const before = readCpuTimes(usage)
  const deadline = before.generator + 200_000
  while (readCpuTimes(usage).generator < deadline) JSON.stringify(process.versions)
  const { api, database, generator } = cpuBetween(before, readCpuTimes(usage))
  expect(generator).toBeGreaterThanOrEqual(200_000)
  // The kernel counts in hundredths of a second.
  expect(Math.abs(api! - generator)).toBeLessThan(50_000)
  expect(database).toBeUndefined()
})

onLinux('reads the resident memory of processes together', () => {
  const one = readRssMb([process.pid])!
  expect(one).toBeGreaterThan(10)
  expect(readRssMb([process.pid, process.pid])).toBeCloseTo(2 * one, -1)
})

test('says nothing of processes that are not there, or are no database', () => {
  expect(readRssMb([2 ** 30])).toBeUndefined()
  expect(readCpuTimes({ apiPids: [2 ** 30], postmasterPid: 2 ** 30 })).toEqual({
    generator: expect.any(Number) as number,
  })
  expect(findPostmaster(2 ** 30)).toBeUndefined()
})
