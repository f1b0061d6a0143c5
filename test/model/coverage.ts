import type { Call } from './call'
import { verdictsOf } from './play'
import type { Ask } from './wish'

/** How often each kind of request came to each kind of end. */
export interface Coverage {
  add(calls: readonly Call[]): void
  programs(): number
  operations(): number
  /** Of these `kind end`, those that never came. */
  missing(wanted: readonly string[]): string[]
  toString(): string
}

export function newCoverage(): Coverage {
  const counts = new Map<string, number>()
  let programs = 0
  let operations = 0
  const count = (kind: string, end: string) => {
    const name = `${kind} ${end}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return {
    add(calls) {
      programs += 1
      operations += calls.length
      for (const call of calls) for (const [kind, end] of endsOf(call)) count(kind, end)
    },
    programs: () => programs,
    operations: () => operations,
    missing: (wanted) => wanted.filter((name) => !counts.has(name)),
    toString() {
      const names = [...counts.keys()].sort()
      return names.map((name) => `${String(counts.get(name)).padStart(8)}  ${name}`).join('\n')
    },
  }
}

function endsOf(call: Call): [string, string][] {
  const kind = kindOf(call.ask)
  if ('fault' in call.answer) return [[kind, call.answer.fault.code]]
  if (call.ask.kind !== 'ledger') return [[kind, 'ok']]
  return verdictsOf(call).map((verdict) => {
    if (verdict.status !== 'refused') return [kind, verdict.status]
    const { refusal, replayed } = verdict
    return [kind, replayed ? 'refused again' : refusal.code]
  })
}

function kindOf(ask: Ask): string {
  if (ask.kind !== 'ledger') return ask.kind
  const dry = ask.isDryRun ? 'dry ' : ''
  return `${dry}${ask.mode === 'single' ? ask.wishes[0]!.kind : ask.mode}`
}

const movementEnds = [
  'created',
  'replayed',
  'refused again',
  'account.not_found',
  'account.closed',
  'account.insufficient_funds',
  'account.balance_out_of_range',
  'transaction.currency_mismatch',
  'idempotency.key_reused',
  'request.invalid',
]

const ends: Record<string, readonly string[]> = {
  post: movementEnds,
  independent: movementEnds,
  atomic: movementEnds,
  'dry post': ['created', 'account.insufficient_funds'],
  'dry independent': ['created', 'account.insufficient_funds'],
  'dry atomic': ['created', 'account.insufficient_funds'],
  reverse: [
    ...['created', 'replayed', 'refused again', 'account.insufficient_funds'],
    ...['transaction.already_reversed', 'transaction.not_found', 'idempotency.key_reused'],
  ],
  hold: [
    ...['created', 'replayed', 'refused again', 'account.insufficient_funds', 'request.invalid'],
    ...['account.not_found', 'transaction.currency_mismatch', 'idempotency.key_reused'],
  ],
  capture: ['created', 'replayed', 'hold.not_open', 'hold.amount_exceeded', 'hold.not_found'],
  release: ['created', 'replayed', 'hold.not_open', 'hold.not_found'],
  extend: ['created', 'replayed', 'hold.not_open', 'hold.not_found', 'request.invalid'],
  user: ['ok', 'user.exists'],
  account: ['ok', 'account.exists', 'user.not_found'],
  close: ['ok', 'account.not_empty', 'account.not_found'],
  limit: ['ok', 'account.limit_not_met', 'account.closed', 'account.not_found'],
  'read user': ['ok', 'user.not_found'],
  'read account': ['ok', 'account.not_found'],
  'read transaction': ['ok', 'transaction.not_found'],
  'read hold': ['ok', 'hold.not_found'],
  page: ['ok', 'account.not_found'],
  largest: ['ok', 'user.not_found'],
}

/** Of a few thousand operations each of these comes up many times. */
export const frequentEnds = [
  ...['post created', 'independent created', 'atomic created', 'reverse created', 'hold created'],
  ...['post replayed', 'independent replayed', 'hold replayed', 'post refused again'],
  ...['post account.insufficient_funds', 'atomic account.insufficient_funds'],
  ...['capture created', 'capture hold.not_open', 'reverse transaction.already_reversed'],
  ...['post transaction.currency_mismatch', 'post idempotency.key_reused', 'dry post created'],
]

/** What has to come up in a long run, or the programs are not worth much. */
export const wantedEnds = Object.entries(ends).flatMap(([kind, of]) =>
  of.map((end) => `${kind} ${end}`),
)
