import type { Asked, RequestKind } from './workload'

/** What came over the wire. */
export interface Reply {
  status: number
  text: string
  isReplayed: boolean
}

/** A request, and what is remembered of it. */
export interface Sent extends Asked {
  kind: RequestKind
  /** Unique; what it makes carries it as its description. */
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

/** Whether it settles the request: neither "later" nor "perhaps". */
export function isDefinite({ status, text }: Reply): boolean {
  if (status >= 200 && status < 300) return true
  return status >= 400 && status < 500 && ![408, 429].includes(status) && !isInProgress(text)
}

function isInProgress(text: string): boolean {
  return text.includes('"idempotency.in_progress"')
}

/** A refusal names the request that it answers, which is another one each time; all else is equal. */
export function isSameAnswer(a: Reply, b: Reply): boolean {
  return a.status === b.status && withoutInstance(a.text) === withoutInstance(b.text)
}

function withoutInstance(text: string): string {
  return text.replace(/"instance":"[^"]*"/, '"instance":""')
}

/** Takes an answer down; one that contradicts an earlier one is a finding. */
export function note(history: History, sent: Sent, reply: Reply): void {
  const { answer } = sent
  const outcome = outcomeOf(reply)
  history.count[outcome] = (history.count[outcome] ?? 0) + 1
  if (reply.status === 500) find(history, 'no defects', `${sent.label}: ${reply.text}`)
  if (!isDefinite(reply)) return
  if (!answer) sent.answer = reply
  else if (!isSameAnswer(answer, reply)) {
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

/** Whether it was carried out, as far as its answer says. */
export function isCreated({ answer }: Sent): boolean {
  return answer !== undefined && answer.status < 300
}
