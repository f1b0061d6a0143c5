import { pick, type Random } from '../harness/random'
import type { Asked, Asking, Part, Reply, RequestKind, Told } from './kind'
import { possiblePostKinds, postKinds } from './post-kinds'

/** One of a bulk. Never drawn: it comes with its bulk, and is asked for alone when it is checked. */
export const bulkPart: RequestKind = {
  name: 'of a bulk',
  weight: 0,
  ask: () => undefined,
  tells: (answer) => [answer as Told],
}

/** The key of a part, from that of the bulk. */
export function partKey(key: string | null, n: number): string | null {
  return key === null ? null : `${key}-${n}`
}

const partsMax = 8

function bulk(random: Random, asking: Asking, kinds: readonly RequestKind[]) {
  const { label, key } = asking
  const parts = Array.from({ length: random.between(2, partsMax) }, (_, n): Part => {
    const name = `${label}-${n}`
    return { ...pick(random, kinds).ask(random, { ...asking, label: name })!, label: name }
  })
  const transactions = parts.map(({ body }, n) => ({
    ...body,
    ...(key !== null && { idempotency_key: partKey(key, n) }),
  }))
  return { path: '/transactions/bulk', body: { transactions }, parts } satisfies Asked
}

interface Verdict {
  status: 'created' | 'replayed' | 'refused'
  transaction?: unknown
  problem?: { status: number }
}

const verdictsOf = ({ text }: Reply) => (JSON.parse(text) as { data: Verdict[] }).data

function readVerdicts(reply: Reply): Reply {
  if (reply.status !== 200) return reply
  const isReplayed = verdictsOf(reply).every(({ status }) => status !== 'created')
  return { ...reply, isReplayed, text: reply.text.replaceAll('"replayed"', '"created"') }
}

function toReply({ status, transaction, problem }: Verdict): Reply {
  const text = JSON.stringify(transaction ?? problem)
  return { status: problem?.status ?? 201, text, isReplayed: status === 'replayed' }
}

const answered = (reply: Reply) => (reply.status === 200 ? verdictsOf(reply).map(toReply) : [])

const independent: RequestKind = {
  name: 'bulk',
  weight: 5,
  ask: (random, asking) => bulk(random, asking, postKinds),
  // Its parts do.
  tells: () => [],
  read: readVerdicts,
  verdicts: answered,
}

const atomic: RequestKind = {
  ...independent,
  name: 'atomic bulk',
  ask(random, asking) {
    const kinds = random.between(0, 9) === 0 ? postKinds : possiblePostKinds
    const asked = bulk(random, asking, kinds)
    return { ...asked, path: `${asked.path}?mode=atomic`, isAtomic: true }
  },
  verdicts(reply) {
    if (reply.status !== 422) return answered(reply)
    const { index, problem } = JSON.parse(reply.text) as { index?: number; problem?: object }
    if (index === undefined) return []
    const verdict = toReply({ status: 'refused', problem: problem as Verdict['problem'] & object })
    return [...Array.from({ length: index }, () => undefined), verdict]
  },
}

export const bulkKinds = [independent, atomic] as const
