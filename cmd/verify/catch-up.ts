import { setTimeout as sleep } from 'node:timers/promises'
import type { SealStore } from '../../pkg/seal/seal'
import type { VerificationStore } from '../../pkg/seal/verification'

export interface CatchUpDeps {
  seals: SealStore
  verifications: VerificationStore
  onProgress(progress: { step: string; done: number; total: number }): void
}

const transactionsMax = 10_000
const busyPauseMs = 50
const busyMsMax = 60_000

/** Seals and verifies what there is, taking turns with the sealer of an API, then checks all balances. */
export async function catchUp({ seals, verifications, onProgress }: CatchUpDeps): Promise<void> {
  let last = 0n
  await untilDone('Sealing', async () => {
    const sealed = await seals.sealNext(transactionsMax)
    if (sealed === 'busy' || sealed === 'none') return sealed
    last = sealed.no
    return sealed.transactions === transactionsMax ? 'more' : 'none'
  })
  await untilDone('Verifying', async () => {
    const { link } = await verifications.find()
    onProgress({ step: 'Verifying', done: Number(link.no), total: Math.max(Number(last), 1) })
    return verifications.advance()
  })
  const checked = await untilDone('Checking the balances', verifications.check)
  if (checked === 'behind') throw new Error('more is posted than can be verified: try again later')
}

/** Repeats a step while there is more, and waits while another process is at it. */
async function untilDone<Answer extends string>(
  what: string,
  step: () => Promise<Answer>,
): Promise<Answer> {
  let deadline: number | undefined
  for (;;) {
    const answer = await step()
    if (answer === 'busy') {
      deadline ??= performance.now() + busyMsMax
      if (performance.now() > deadline) throw new Error(`${what}: another process is at it`)
      await sleep(busyPauseMs)
      continue
    }
    deadline = undefined
    if (answer !== 'more') return answer
  }
}
