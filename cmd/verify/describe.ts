import { money } from '../../pkg/seal/report'
import type { Finding } from '../../pkg/seal/finding'
import type { Recheck } from '../../pkg/seal/recheck'
import type { Trial, Verification } from '../../pkg/seal/verification'

/** A report for people, and how much is wrong. */
export interface Described {
  lines: string[]
  wrong: number
}

export function describeRecheck(result: Recheck, tookMs: number): Described {
  const { link, transactions, sealed, unsealed, currencies, findings, dropped } = result
  const wrong = findings.length + dropped
  return {
    wrong,
    lines: [
      `${count(transactions)} transactions rechecked in ${seconds(tookMs)}: ` +
        `${count(sealed)} in ${count(link.no)} seals, ${count(unsealed)} behind them`,
      ...currencies.map(describeTrial),
      ...describeFindings(findings, wrong),
      ...describeEnd(link.no, link.digest.toString('hex')),
    ],
  }
}

export function describeVerification(verification: Verification, tookMs: number): Described {
  const { checked } = verification
  if (!checked) throw new Error('the verification left no report')
  const { balances, behind, findings, transactions, sealNo, digest } = checked.report
  return {
    wrong: findings.length,
    lines: [
      `${count(transactions)} transactions verified up to seal ${count(sealNo)}, ` +
        `${count(behind.transactions)} behind it; this time it took ${seconds(tookMs)}`,
      ...(balances?.currencies ?? []).map(describeTrial),
      ...describeFindings(findings, findings.length),
      ...describeEnd(sealNo, digest),
    ],
  }
}

function describeTrial({ currency, accounts, balance, world }: Trial): string {
  return (
    `${currency}: ${count(accounts)} accounts with ${money(balance, currency)}, ` +
    `the outside world with ${money(world, currency)}`
  )
}

function describeFindings(findings: Finding[], wrong: number): string[] {
  if (wrong === 0) return ['Nothing is wrong.']
  const more = wrong - findings.length
  return [
    ...findings.map(({ code, detail }) => `WRONG ${code}: ${detail}`),
    ...(more > 0 ? [`WRONG and ${count(more)} more`] : []),
  ]
}

function describeEnd(no: bigint, digest: string): string[] {
  return no === 0n ? [] : [`Keep elsewhere: --expect ${no}:${digest}`]
}

function count(number: bigint | number): string {
  return number.toLocaleString('en')
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
