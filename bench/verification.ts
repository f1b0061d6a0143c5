import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { Pool } from '../internal/postgres/pool'
import { countTransactions } from './data/data.sql.ts'
import type { VerificationCase } from './report/result'

export const verificationId = 'verification'

const program = 'bin/tillbook-verify'
const config = 'config/verify/local.json'

/**
 * Rechecks all that the run has posted, with the program that an auditor would use. Sealed before, as it is in
 * a book that was left alone for a moment: under load sealing waits, and what is not sealed is checked sooner.
 */
export async function measureVerification(
  { pool, databaseUrl }: { pool: Pool; databaseUrl: string },
  rounds: number,
): Promise<VerificationCase> {
  if (!existsSync(program)) return { rounds: [], notPossible: `there is no ${program}` }
  const { transactions } = await countTransactions(pool)
  const result: VerificationCase = { rounds: [] }
  await runVerify(databaseUrl, '--incremental')
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now()
    await runVerify(databaseUrl, '--full')
    const seconds = (performance.now() - startedAt) / 1000
    result.rounds.push({ transactions: Number(transactions), seconds })
  }
  return result
}

async function runVerify(databaseUrl: string, how: '--full' | '--incremental'): Promise<void> {
  const child = spawn(program, [how, config], {
    env: { PATH: process.env.PATH, DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  const keep = (text: Buffer) => (printed = (printed + String(text)).slice(-4000))
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${program} ${how} exited with ${code}:\n${printed}`)
}
