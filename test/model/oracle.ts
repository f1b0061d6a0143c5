import { withEntry, type Books, type RefusedTold, type Told } from './books'
import { judge, refused, type Given, type Step, type View } from './judgement'
import { meaningOf, type LedgerAsk, type Wish } from './wish'

export interface Carried {
  books: Books
  told: Told[]
  refusedAt: number | null
}

/** Carries out one request: one wish after the other, the simplest way there is. */
export function carryOut(books: Books, ask: LedgerAsk, view: View, given: Given[]): Carried {
  if (ask.mode === 'atomic') return carryOutAtomic(books, ask, view, given)
  const told: Told[] = []
  let after = books
  ask.wishes.forEach((wish, i) => {
    const step = carryOutOne(after, wish, view, given[i]!)
    after = step.books
    told.push(step.told)
  })
  return { books: ask.isDryRun ? books : after, told, refusedAt: null }
}

/** A refusal known by its key comes before everything else; any other undoes what came before it. */
function carryOutAtomic(books: Books, ask: LedgerAsk, view: View, given: Given[]): Carried {
  const { wishes, isDryRun } = ask
  const known = wishes.findIndex((wish) => replayOf(books, wish)?.status === 'refused')
  if (known >= 0) return { books, told: [replayOf(books, wishes[known]!)!], refusedAt: known }
  const told: Told[] = []
  let after = books
  for (const [i, wish] of wishes.entries()) {
    const step = carryOutOne(after, wish, view, given[i]!)
    if (step.told.status === 'refused') {
      const kept = isDryRun ? books : remember(books, wish, step.told)
      return { books: kept, told: [step.told], refusedAt: i }
    }
    after = step.books
    told.push(step.told)
  }
  return { books: isDryRun ? books : after, told, refusedAt: null }
}

function carryOutOne(books: Books, wish: Wish, view: View, given: Given): Step {
  const replayed = replayOf(books, wish)
  if (replayed) return { books, told: replayed }
  if (given.isBusy) return { books, told: refused('ledger.busy') }
  const step = judge(books, wish, view, given)
  return { ...step, books: remember(step.books, wish, step.told) }
}

function replayOf(books: Books, wish: Wish): Told | undefined {
  const first = wish.key === null ? undefined : books.answers.get(wish.key)
  if (!first) return undefined
  if (first.meaning !== meaningOf(wish)) return refused('idempotency.key_reused')
  const { told } = first
  return told.status === 'refused' ? { ...told, isReplayed: true } : { ...told, status: 'replayed' }
}

function remember(books: Books, wish: Wish, told: Told): Books {
  if (wish.key === null || (told.status === 'refused' && isPassing(told))) return books
  const answer = { meaning: meaningOf(wish), told }
  return { ...books, answers: withEntry(books.answers, wish.key, answer) }
}

function isPassing({ code }: RefusedTold): boolean {
  return code === 'ledger.busy' || code === 'idempotency.key_reused'
}
