import type { Asked, Reply, RequestKind } from './kind'

/** A request, and what is remembered of it. */
export interface Sent extends Omit<Asked, 'parts'> {
  kind: RequestKind
  /** Those of a bulk, in its order. */
  parts?: Sent[]
  /** The bulk that it is part of. */
  whole?: Sent
  /** Unique; what it makes carries it as its description, where it has one of its own. */
  label: string
  /** Null for one without a key, which is sent once and never again. */
  key: string | null
  tries: number
  /** The first definite answer. */
  answer?: Reply
}

/** Something that must never happen. */
export interface Finding {
  rule: string
  what: string
}

export interface History {
  sent: Sent[]
  findings: Finding[]
  count: Record<string, number>
}

export function newHistory(): History {
  return { sent: [], findings: [], count: {} }
}

/** Whether it settles the request, and each part of a bulk: neither "later" nor "perhaps". */
export function isDefinite({ status, text }: Reply): boolean {
  const settles = status >= 200 && status < 500 && ![408, 429].includes(status)
  return settles && !passing.test(text)
}

const passing = /"code":"(?:idempotency\.in_progress|ledger\.busy)"/

/** A refusal names the request that it answers, which is another one each time; all else is equal. */
export function isSameAnswer(a: Reply, b: Reply): boolean {
  return a.status === b.status && withoutInstance(a.text) === withoutInstance(b.text)
}

/** Whether it is what was answered first, or what that can have become. */
export function agrees({ answer, kind }: Sent, reply: Reply): boolean {
  return isSameAnswer(answer!, reply) || kind.agrees?.(answer!, reply) === true
}

function withoutInstance(text: string): string {
  return text.replace(/"instance":"[^"]*"/g, '"instance":""')
}

/** Takes an answer down; one that contradicts an earlier one is a finding. */
export function note(history: History, sent: Sent, reply: Reply): void {
  const outcome = outcomeOf(reply)
  history.count[outcome] = (history.count[outcome] ?? 0) + 1
  if (reply.status === 500) find(history, 'no defects', `${sent.label}: ${reply.text}`)
  noteAnswer(history, sent, reply)
  for (const [n, verdict] of (sent.kind.verdicts?.(reply) ?? []).entries()) {
    if (verdict) noteAnswer(history, sent.parts![n]!, verdict)
  }
}

function noteAnswer(history: History, sent: Sent, reply: Reply): void {
  const { answer } = sent
  if (!isDefinite(reply)) return
  if (!answer) sent.answer = reply
  else if (!agrees(sent, reply)) {
    find(history, 'one answer a key', `${sent.label}: ${show(answer)} and then ${show(reply)}`)
  }
}

function outcomeOf({ status, text, isReplayed }: Reply): string {
  if (status < 300) return isReplayed ? '2xx again' : '2xx'
  const code = /"code":"([a-z_.]+)"/.exec(text)?.[1] ?? 'no problem document'
  return `${status} ${code}${isReplayed ? ' again' : ''}`
}

/** Once, although it is looked at twice. */
export function find({ findings }: History, rule: string, what: string): void {
  if (findings.some((one) => one.rule === rule && one.what === what)) return
  findings.push({ rule, what })
}

export function show({ status, text }: Reply): string {
  return `${status} ${text.slice(0, 300)}`
}

/** Whether it was told that nothing was made: of all but one of an atomic bulk, by way of that one. */
export function isRefused(sent: Sent): boolean {
  const answer = sent.answer ?? sent.whole?.answer
  return answer !== undefined && !(sent.answer && isCreated(sent))
}

/** Whether it was carried out, as far as its answer says. */
export function isCreated({ answer }: Sent): boolean {
  return answer !== undefined && answer.status < 300
}
