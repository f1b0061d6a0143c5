import type { Clock } from '../../../internal/clock/clock'
import { Fault } from '../../../internal/fault/fault'
import { verificationFaults, type CheckedVerification, type Verification } from '../verification'

export interface VerificationApp {
  /** What the last check found. Faults: verification.not_running. */
  get(): Promise<CheckedVerification>
}

export interface VerificationAppDeps {
  verifications: { find(): Promise<Verification> }
  clock: Clock
  /** A check that is older says nothing about today. */
  ageMaxMs: number
}

export function newVerificationApp({
  verifications,
  clock,
  ageMaxMs,
}: VerificationAppDeps): VerificationApp {
  return {
    async get() {
      const verification = await verifications.find()
      const { checked, link, transactions } = verification
      const soFar = `It has come to seal ${link.no}, with ${transactions} transactions`
      if (!checked) throw notRunning(`${soFar}, and has not looked at the balances yet.`)
      const ageMs = Date.parse(clock.now()) - Date.parse(checked.at)
      if (ageMs > ageMaxMs) throw notRunning(`${soFar}, and the last check was at ${checked.at}.`)
      return { ...verification, checked }
    },
  }
}

function notRunning(detail: string): Fault {
  return new Fault(verificationFaults.notRunning, { detail, retryAfterSeconds: 10 })
}
