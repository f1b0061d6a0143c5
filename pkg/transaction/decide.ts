import type { Instant } from '../../internal/clock/instant'
import { newBook, type Book, type Changes, type LedgerState, type Stamp } from './book'
import {
  sidesOf,
  type Instruction,
  type LedgerAnswer,
  type LedgerRequest,
  type Verdict,
} from './instruction'
import { judge } from './judge'
import type { Idempotency, Refusal } from './transaction'

/** The answers, in the order of the group, and what has to be written so that they are true. */
export interface Decision extends Changes {
  answers: LedgerAnswer[]
  now: Instant
}

/**
 * Walks the group in order and gives each instruction its verdict: created, replayed or refused. Pure:
 * everything it looks at comes in, everything that follows goes out; an earlier request's effect is
 * seen by a later one.
 */
export function decide(
  group: readonly LedgerRequest[],
  state: LedgerState,
  stamp: Stamp,
): Decision {
  const book = newBook(state, stamp)
  const answers = group.map((request) => decideRequest(request, book))
  return { answers, now: stamp.now, ...book.changes() }
}

function decideRequest(request: LedgerRequest, book: Book): LedgerAnswer {
  const { instructions, isAtomic, isDryRun } = request
  if (isAtomic) return decideAtomic(request, book)
  if (!isDryRun) return { verdicts: decideEach(instructions, book), refusedAt: null }
  let verdicts: Verdict[] = []
  book.attempt(() => {
    verdicts = decideEach(instructions, book)
    return false
  })
  return { verdicts, refusedAt: null }
}

function decideEach(instructions: readonly Instruction[], book: Book): Verdict[] {
  return instructions.map((instruction) => decideOne(instruction, book))
}

/**
 * All or none. A refusal that was answered before comes first, so that the whole is refused again for
 * the same reason, whatever else has changed.
 */
function decideAtomic({ instructions, isDryRun }: LedgerRequest, book: Book): LedgerAnswer {
  const verdicts: Verdict[] = []
  const known = instructions.findIndex((instruction) => isRefusedAlready(instruction, book))
  let refusedAt: number | null = known < 0 ? null : known
  book.attempt(() => {
    const last = refusedAt ?? instructions.length - 1
    for (let i = refusedAt ?? 0; i <= last; i++) {
      const verdict = decideOne(instructions[i]!, book)
      verdicts.push(verdict)
      if (verdict.status !== 'refused') continue
      refusedAt = i
      break
    }
    return refusedAt === null && !isDryRun
  })
  if (refusedAt === null) return { verdicts, refusedAt }
  const verdict = verdicts.at(-1)!
  const { idempotency } = instructions[refusedAt]!
  if (!isDryRun && idempotency && isNewRefusal(verdict)) {
    book.remember(idempotency, { refusal: verdict.refusal })
  }
  return { verdicts: [verdict], refusedAt }
}

function isRefusedAlready({ idempotency }: Instruction, book: Book): boolean {
  const stored = idempotency && book.answer(idempotency.key)
  if (!stored) return false
  return 'refusal' in stored.outcome || stored.fingerprint !== idempotency.fingerprint
}

/** A refusal that says something about the request, and was not given before. */
function isNewRefusal(verdict: Verdict): verdict is Verdict & { refusal: Refusal } {
  return (
    verdict.status === 'refused' &&
    !verdict.replayed &&
    verdict !== busy &&
    verdict.refusal.code !== 'idempotency.key_reused'
  )
}

// Not remembered with its key: it says nothing about the request.
const busy: Verdict = {
  status: 'refused',
  refusal: {
    code: 'ledger.busy',
    detail: 'What it changes is locked by somebody else. Nothing was posted; send it again.',
  },
  replayed: false,
}

function decideOne(instruction: Instruction, book: Book): Verdict {
  const { idempotency } = instruction
  if (idempotency) {
    const verdict = replay(idempotency, book)
    if (verdict) return verdict
  }
  if (isElsewhere(instruction, book)) return busy
  const outcome = judge(instruction, book)
  if ('isElsewhere' in outcome) return busy
  if (idempotency) book.remember(idempotency, outcome)
  return 'refusal' in outcome
    ? { status: 'refused', refusal: outcome.refusal, replayed: false }
    : { status: outcome.paidBy === undefined ? 'created' : 'replayed', ...outcome }
}

function isElsewhere(instruction: Instruction, book: Book): boolean {
  const { accountId, counterpartyId } = sidesOf(instruction)
  return (
    book.isElsewhere(accountId) || (counterpartyId !== null && book.isElsewhere(counterpartyId))
  )
}

/** The first answer to its key, if there was one. */
function replay({ key, fingerprint }: Idempotency, book: Book): Verdict | undefined {
  const stored = book.answer(key)
  if (!stored) return undefined
  if (stored.fingerprint !== fingerprint) {
    const detail = `The Idempotency-Key "${key}" was used for another request before.`
    return {
      status: 'refused',
      refusal: { code: 'idempotency.key_reused', detail },
      replayed: false,
    }
  }
  return 'refusal' in stored.outcome
    ? { status: 'refused', refusal: stored.outcome.refusal, replayed: true }
    : { status: 'replayed', ...stored.outcome }
}
