import { isCreated, type History } from './history'
import type { Inflicted } from './nemesis'

export interface Summary {
  seed: number
  /** As the plan has them. */
  seconds: number
  /** As they were, without the start and the checks. */
  foughtSeconds: number
  history: History
  inflicted: readonly Inflicted[]
  settled: number
  /** Until all that was under way had come to an end. */
  settledSeconds: number
  verified: number
  /** By what became of them. */
  holds: Record<string, number>
  shop: Record<string, number>
  /** That arrived; undefined without a broker. */
  messages: number | undefined
  /** How many there are, and how often consumers connected or asked for them. */
  events: number
  reads: number
}

const findingsMax = 20

/** The run in lines for a person. */
export function report(summary: Summary): string[] {
  const { history, inflicted, settled, settledSeconds, verified, foughtSeconds } = summary
  const { holds, shop, messages, events, reads } = summary
  return [
    '',
    table(
      'faults',
      countBy(inflicted, ({ fault }) => fault.kind),
    ),
    table('requests', {
      'requests made': history.sent.length,
      ...requestsByKind(history),
      '  without a key': history.sent.filter(({ key }) => key === null).length,
      'a second': Math.round(history.sent.length / foughtSeconds),
    }),
    table('answers, those to repeated requests included', history.count),
    table('holds', holds),
    table('shop', {
      ...shop,
      ...(messages !== undefined && { 'messages that arrived': messages }),
    }),
    table('after the faults', {
      'unanswered, sent again': settled,
      'seconds until all work was done': Math.round(settledSeconds),
      'answers asked for once more': verified,
      'events, read by each of the consumers': events,
      'times that consumers connected': reads,
      findings: history.findings.length,
    }),
    ...findings(history),
    verdict(summary),
  ]
}

/** `  304 transfer, 178 of them carried out`, as far as was told. */
function requestsByKind({ sent }: History): Record<string, number> {
  const created = countBy(sent.filter(isCreated), ({ kind }) => kind.name)
  const words = (name: string) => `  ${name}, ${created[name] ?? 0} of them carried out`
  return countBy(sent, ({ kind }) => words(kind.name))
}

function findings({ findings }: History): string[] {
  const byRule = Object.entries(countBy(findings, ({ rule }) => rule))
  const first = findings.slice(0, findingsMax).map(({ rule, what }) => `  ${rule}: ${what}`)
  return findings.length === 0
    ? []
    : [...byRule.map(([rule, count]) => `BROKEN ${count} times: ${rule}`), 'The first:', ...first]
}

function verdict({ seed, seconds, history }: Summary): string {
  const outcome = history.findings.length === 0 ? 'Every promise held.' : 'PROMISES WERE BROKEN.'
  return `\n${outcome} Replay with: make chaos SEED=${seed} SECONDS=${seconds}`
}

function countBy<T>(all: readonly T[], nameOf: (one: T) => string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const one of all) counts[nameOf(one)] = (counts[nameOf(one)] ?? 0) + 1
  return counts
}

function table(title: string, counts: Record<string, number>): string {
  const rows = Object.entries(counts).map(
    ([name, count]) => `${String(count).padStart(9)}  ${name}`,
  )
  return [`-- ${title}`, ...rows, ''].join('\n')
}
