import { readArguments, usageFault } from '../../internal/cli/arguments'
import type { Expected } from '../../pkg/seal/recheck'

export interface VerifyArguments {
  /** The configuration file. */
  path: string
  /** Only what came since the last time. */
  isIncremental: boolean
  expected: Expected | undefined
}

/** Reads what stands behind `tillbook-verify`; faults tell the option and what it takes. */
export function readVerifyArguments(args: string[]): VerifyArguments {
  const { values, positionals } = readArguments(args, {
    options: {
      full: { type: 'boolean', default: false },
      incremental: { type: 'boolean', default: false },
      expect: { type: 'string' },
    },
    positionals: ['configuration file'],
  })
  const { full, incremental, expect } = values
  if (full && incremental) throw usageFault('--full and --incremental exclude each other')
  if (incremental && expect !== undefined) throw usageFault('--expect needs a full recheck')
  return {
    path: positionals[0],
    isIncremental: incremental,
    expected: expect === undefined ? undefined : readExpected(expect),
  }
}

const form = /^([1-9]\d{0,17}):([0-9a-f]{64})$/i

function readExpected(text: string): Expected {
  const [, no, digest] = form.exec(text) ?? []
  if (no === undefined || digest === undefined) {
    throw usageFault(`--expect must be NUMBER:DIGEST, a digest has 64 digits 0 to f, not "${text}"`)
  }
  return { no: BigInt(no), digest: Buffer.from(digest, 'hex') }
}
