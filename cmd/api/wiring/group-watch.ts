import { Fault } from '../../../internal/fault/fault'
import type { Metrics } from '../../../internal/metrics/metrics'
import type { Traceparent } from '../../../internal/trace/traceparent'
import type { Tracer } from '../../../internal/trace/tracer'
import type { GroupEnd, GroupWatch } from '../../../pkg/transaction/group-watch'
import type { LedgerRequest } from '../../../pkg/transaction/instruction'

/** Measures the groups of the ledger, and records a span for each when spans are recorded. */
export function newGroupWatch(metrics: Metrics, tracer: Tracer | undefined): GroupWatch {
  const tell = newGroupMetrics(metrics)
  /** On whose behalf; only while the request is on its way. */
  const traced = new WeakMap<LedgerRequest, Traceparent>()
  return {
    submitted(request) {
      const traceparent = tracer?.current()
      if (traceparent !== undefined) traced.set(request, traceparent)
    },
    begin(requests) {
      const beganMs = performance.now()
      const span = tracer?.begin({
        name: 'commit group',
        kind: 'internal',
        parents: requests.map((request) => traced.get(request)),
      })
      return (end) => {
        tell(requests.length, (performance.now() - beganMs) / 1000, end)
        span?.end({
          attributes: {
            'tillbook.requests': requests.length,
            'tillbook.accounts': end.accounts,
            'tillbook.attempts': end.attempts,
          },
          failure: failureOf(end),
        })
      }
    },
  }
}

function failureOf({ error }: GroupEnd): string | undefined {
  if (error === undefined) return undefined
  return error instanceof Fault ? error.code : 'internal'
}

function newGroupMetrics({ counter, histogram }: Metrics) {
  const sizes = histogram({
    name: 'tillbook_ledger_group_requests',
    help: 'Requests that were committed as one group.',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
  })
  const times = histogram({
    name: 'tillbook_ledger_group_seconds',
    help: 'Time to commit a group, with all its tries.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  })
  const retries = counter({
    name: 'tillbook_ledger_group_retries_total',
    help: 'Tries of groups beyond the first, because others changed the same accounts.',
  })
  const failures = counter({
    name: 'tillbook_ledger_group_failures_total',
    help: 'Groups that could not be committed.',
  })
  return (requests: number, seconds: number, { attempts, error }: GroupEnd): void => {
    sizes(requests)
    times(seconds)
    if (attempts > 1) retries(attempts - 1)
    if (error !== undefined) failures()
  }
}
