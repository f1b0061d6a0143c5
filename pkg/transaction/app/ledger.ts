import { Fault } from '../../../internal/fault/fault'
import { newGroupCommit } from '../../../internal/group/group'
import { fingerprintOf, type Unkeyed } from '../fingerprint'
import type { GroupWatch } from '../group-watch'
import {
  sidesOf,
  single,
  type Instruction,
  type LedgerAnswer,
  type LedgerRequest,
  type Verdict,
} from '../instruction'
import { transactionFaults, type Idempotency, type TransactionStore } from '../transaction'

/** The limits of the group commit, in instructions; see internal/group. */
export interface LedgerLimits {
  lanes: number
  /** Groups that may be sent behind another; none where the store carries them out one by one. */
  behind?: number
  groupRequestsMax: number
  queueRequestsMax: number
  queueWaitMaxMs: number
}

/**
 * The one way into the ledger. Answers when everything is on disk. A refusal is a verdict, not a fault:
 * it is remembered with its key as well. Faults: ledger.busy, ledger.outcome_unknown,
 * idempotency.in_progress.
 */
export interface Ledger {
  submit(request: LedgerRequest): Promise<LedgerAnswer>
  /** One instruction by itself. */
  submitOne(instruction: Instruction): Promise<Verdict>
  /** Instructions that wait, and that are being committed. */
  counts(): { queued: number; inFlight: number }
  /** Takes nothing more; resolves when all that was taken is answered. */
  close(): Promise<void>
}

export function newLedger(
  transactions: Pick<TransactionStore, 'post' | 'restMs'>,
  limits: LedgerLimits,
  watch?: Pick<GroupWatch, 'submitted'>,
): Ledger {
  const group = newGroupCommit<LedgerRequest, LedgerAnswer>({
    ...limits,
    commit: transactions.post,
    weigh: weightOf,
    touches: touchesWithKeys,
    restMs: transactions.restMs,
    isDivisible: isOneRequestsFault,
    overflow: newBusy,
  })
  const submit = (request: LedgerRequest) => {
    watch?.submitted(request)
    return group.submit(request)
  }
  return {
    submit,
    counts: group.counts,
    close: group.close,
    async submitOne(instruction) {
      const { verdicts } = await submit(single(instruction))
      return verdicts[0]!
    },
  }
}

/** In instructions, of which those that ask something of a companion may count for several. */
function weightOf({ instructions }: LedgerRequest): number {
  let weight = 0
  for (const one of instructions) weight += one.kind === 'pay' ? one.companion.weight : 1
  return weight
}

/** The instruction with the caller's key, if there is one. */
export function withKey<One extends Instruction>(instruction: Unkeyed<One>, key: string | null) {
  const idempotency = idempotencyOf(instruction as Unkeyed, key)
  return { ...instruction, idempotency } as unknown as One
}

export function idempotencyOf(instruction: Unkeyed, key: string | null): Idempotency | null {
  return key === null ? null : { key, fingerprint: fingerprintOf(instruction) }
}

/**
 * Keys as they are: one that reads like an account's id has the two wait for each other, which is no
 * harm, while a mark before each key would cost a bulk a thousand texts.
 */
function touchesWithKeys({ instructions }: LedgerRequest): string[] {
  const touched: string[] = []
  for (const instruction of instructions) {
    const { accountId, counterpartyId } = sidesOf(instruction)
    touched.push(accountId)
    if (counterpartyId !== null) touched.push(counterpartyId)
    if (instruction.idempotency) touched.push(instruction.idempotency.key)
    if (instruction.kind === 'pay') touched.push(...instruction.companion.touches)
  }
  return touched
}

/** What is no Fault is the database's word about some row of the group. */
function isOneRequestsFault(error: unknown): boolean {
  return !(error instanceof Fault) || error.code === transactionFaults.inProgress.code
}

function newBusy(): Fault {
  return new Fault(transactionFaults.busy, {
    detail: 'More is asked of the ledger than it can take. Nothing was posted; send it again.',
    retryAfterSeconds: 1,
  })
}
