import { randomInt } from 'node:crypto'
import type { Pool } from '../../../internal/postgres/pool'
import type { Executor } from '../../../internal/postgres/query'
import { checkLink, gone, newChain, type Chain } from '../check'
import { newFindings, type Finding, type Findings } from '../finding'
import type { Recheck, RecheckOptions } from '../recheck'
import { beginning, type Seal } from '../seal'
import type { Trial } from '../verification'
import { checkBalances } from './balances'
import { nameBreaks, nameMoved, nameOverdrawn, nameWrongHolds } from './naming'
import { countTransactions } from './recheck.sql.ts'
import { countSeals } from './seal.sql.ts'
import { inOneSnapshot } from './snapshot'
import { checkSealedRows, findLastLink, listSeals } from './store'
import { checkVerified } from './verification'
import { countTransactionsAfter, findVerification } from './verification.sql.ts'

const accountsNamedMax = 100
/** Seals that are fetched at once: each has up to 24 bytes for a row. */
const fetchedMax = 4
const bigintMax = 2n ** 63n - 1n

/** What the pieces of work come to together. */
interface State {
  chain: Chain
  findings: Findings
  sealed: bigint
  /** Transactions that stand in the ranges of seals now, whatever these say. */
  inRanges: bigint
  unsealed: bigint
  transactions: bigint
  currencies: Trial[]
}

/**
 * Rechecks everything, from the first transaction to the last, in one snapshot and over two
 * connections. What an earlier verification came to is not relied upon.
 */
export async function recheck(pool: Pool, options: RecheckOptions = {}): Promise<Recheck> {
  const state: State = {
    chain: newChain(),
    findings: newFindings(),
    ...{ sealed: 0n, inRanges: 0n, unsealed: 0n, transactions: 0n, currencies: [] },
  }
  const reader = newChainReader(state, options)
  await inOneSnapshot(pool, [
    async (tx) => {
      await recheckAccounts(tx, state)
      await recheckSeals(tx, state, reader)
    },
    (tx) => recheckSeals(tx, state, reader),
  ])
  return conclude(state, options)
}

/** `isLinked`: it is the one that follows from the seal before. */
type ChainReader = (tx: Executor) => Promise<{ seal: Seal; isLinked: boolean }[]>

/** Hands out the seals in order, a few at a time, to whoever asks; links them on the way. */
function newChainReader(state: State, { expected, onProgress }: RecheckOptions): ChainReader {
  let reading: Promise<unknown> = Promise.resolve()
  let total: number | undefined
  const next: ChainReader = async (tx) => {
    total ??= Number((await countSeals(tx)).transactions)
    onProgress?.({ step: 'Rechecking', done: Number(state.sealed), total })
    const seals = await listSeals(tx, state.chain.link.no, fetchedMax)
    return seals.map((seal) => {
      const { chain, findings } = checkLink(state.chain, seal)
      state.chain = chain
      state.sealed += BigInt(seal.transactions)
      state.findings.add(...findings)
      if (seal.no === expected?.no && !seal.digest.equals(expected.digest)) {
        state.findings.add(unexpected(seal.no))
      }
      return { seal, isLinked: findings.length === 0 }
    })
  }
  return (tx) => {
    const answer = reading.then(() => next(tx))
    reading = answer.catch(() => {})
    return answer
  }
}

function unexpected(no: bigint): Finding {
  const detail = `seal ${no} has another digest than the one that was kept`
  return { code: 'seal.unexpected', sealNo: no, detail }
}

async function recheckSeals(tx: Executor, state: State, next: ChainReader): Promise<void> {
  for (let seals = await next(tx); seals.length > 0; seals = await next(tx)) {
    for (const seal of seals) {
      const { rows, findings } = await checkSealedRows(tx, seal)
      state.inRanges += BigInt(rows)
      state.findings.add(...(await nameMoved(tx, findings)))
    }
  }
}

async function recheckAccounts(tx: Executor, state: State): Promise<void> {
  const { findings } = state
  const balances = await checkBalances(tx, {
    after: beginning,
    hasCheckpoint: false,
    // Drawn anew each time: nobody can prepare entries whose hashes cancel out.
    hashSeed: BigInt(randomInt(2 ** 47)),
    accountsMax: accountsNamedMax,
  })
  findings.add(...balances.findings)
  for (const id of balances.wrongAccountIds) findings.add(...(await nameBreaks(tx, id)))
  findings.add(...(await nameWrongHolds(tx)), ...(await nameOverdrawn(tx)))
  state.currencies = balances.currencies
  state.transactions = (await countTransactions(tx)).transactions
  await recheckEnd(tx, state)
}

/** Seals that were verified once and are gone, and what no seal covers yet. */
async function recheckEnd(tx: Executor, state: State): Promise<void> {
  const { no, to } = await findLastLink(tx)
  const verified = await findVerification(tx)
  if (verified.seal_no > no) state.findings.add(gone(no + 1n, verified.seal_no))
  const link = { no: verified.seal_no, digest: verified.digest }
  state.findings.add(...(await checkVerified(tx, link)))
  const after = { after_xact_no: to.xactNo, after_id: to.id }
  const { transactions } = await countTransactionsAfter(tx, { ...after, limit: bigintMax })
  state.unsealed = transactions
}

function conclude(state: State, { expected }: RecheckOptions): Recheck {
  const { chain, findings, sealed, inRanges, unsealed, transactions, currencies } = state
  if (expected && expected.no > chain.link.no) {
    findings.add(gone(chain.link.no + 1n, expected.no))
  }
  const outside = transactions - inRanges - unsealed
  if (outside !== 0n) {
    const detail = `${outside} transactions stand in no range of a seal, and none will come to seal them`
    findings.add({ code: 'transaction.unsealed', detail })
  }
  return {
    link: chain.link,
    ...{ transactions, sealed, unsealed, currencies },
    findings: findings.list(),
    dropped: findings.dropped(),
  }
}
