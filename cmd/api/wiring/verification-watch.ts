import { Fault } from '../../../internal/fault/fault'
import type { Log } from '../../../internal/log/log'
import { startLoop, type Loop } from '../../../internal/loop/loop'
import type { Metrics } from '../../../internal/metrics/metrics'
import type { VerificationApp } from '../../../pkg/seal/app/verification'

const lookIntervalMs = 5_000

const states = ['intact', 'findings', 'not_running'] as const
type State = (typeof states)[number]

/** What the last check of the ledger found, for an alarm: looked at now and then. */
export function watchVerification(
  verification: VerificationApp,
  { log, metrics }: { log: Log; metrics: Metrics },
): Loop {
  let known: State | undefined
  let findings = 0
  metrics.gauge({
    name: 'tillbook_verification',
    help: 'Whether the ledger is what it was: the state that is 1. None is 1 until it was looked at.',
    read: () => states.map((state) => ({ labels: { state }, value: state === known ? 1 : 0 })),
  })
  metrics.gauge({
    name: 'tillbook_verification_findings',
    help: 'What the last check found to be wrong.',
    read: () => findings,
  })
  return startLoop({
    async step() {
      findings = await countFindings(verification)
      known = findings < 0 ? 'not_running' : findings > 0 ? 'findings' : 'intact'
      findings = Math.max(findings, 0)
      return false
    },
    intervalMs: lookIntervalMs,
    shareMax: 0.05,
    onError: (err) => log.debug({ err }, 'the verification could not be looked at'),
  })
}

/** Below 0 when there was no check, or none lately. */
async function countFindings(verification: VerificationApp): Promise<number> {
  try {
    return (await verification.get()).checked.report.findings.length
  } catch (error) {
    if (error instanceof Fault && error.code === 'verification.not_running') return -1
    throw error
  }
}
