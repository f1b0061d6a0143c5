import { Fault } from '../../../internal/fault/fault'
import { newGroupCommit } from '../../../internal/group/group'
import { fingerprintOf, type Unkeyed } from '../fingerprint'
import {
  single,
  touches,
  type Instruction,
  type LedgerAnswer,
  type LedgerRequest,
  type Verdict,
} from '../instruction'
import { transactionFaults, type TransactionStore } from '../transaction'

/** The limits of the group commit, in instructions; see internal/group. */
export interface LedgerLimits {
  lanes: number
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
  /** Takes nothing more; resolves when all that was taken is answered. */
  close(): Promise<void>
}

export function newLedger(
  transactions: Pick<TransactionStore, 'post'>,
  limits: LedgerLimits,
): Ledger {
  const { submit, close } = newGroupCommit<LedgerRequest, LedgerAnswer>({
    ...limits,
    commit: (group) => transactions.post(group),
    weigh: ({ instructions }) => instructions.length,
    touches: touchesWithKeys,
    isDivisible: isOneRequestsFault,
    overflow: newBusy,
  })
  return {
    submit,
    close,
    async submitOne(instruction) {
      const { verdicts } = await submit(single(instruction))
      return verdicts[0]!
    },
  }
}

/** The instruction with the caller's key, if there is one. */
export function withKey<One extends Instruction>(instruction: Unkeyed<One>, key: string | null) {
  const unkeyed = instruction as Unkeyed
  const idempotency = key === null ? null : { key, fingerprint: fingerprintOf(unkeyed) }
  return { ...instruction, idempotency } as unknown as One
}

// An account's id holds no space, so that no key can be taken for one.
function touchesWithKeys({ instructions }: LedgerRequest): string[] {
  const [first] = instructions
  if (instructions.length === 1 && first) return touchesWithKey(first)
  return [...new Set(instructions.flatMap(touchesWithKey))]
}

function touchesWithKey(instruction: Instruction): string[] {
  const { idempotency } = instruction
  return idempotency ? [...touches(instruction), `key ${idempotency.key}`] : touches(instruction)
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
