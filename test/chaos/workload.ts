import type { Random } from '../harness/random'
import { bulkKinds } from './bulk-kinds'
import { holdKinds } from './hold-kinds'
import type { RequestKind } from './kind'
import { postKinds, reversalKinds } from './post-kinds'
import { shopKinds } from './shop-kinds'

/** Everything that clients ask of the ledger and of the shop on it. */
export const requestKinds: readonly RequestKind[] = [
  ...postKinds,
  ...reversalKinds,
  ...bulkKinds,
  ...holdKinds,
  ...shopKinds,
]

/** A kind by its weight. */
export function drawKind(random: Random, kinds = requestKinds): RequestKind {
  let rest = random.between(
    1,
    kinds.reduce((sum, { weight }) => sum + weight, 0),
  )
  return kinds.find(({ weight }) => (rest -= weight) <= 0)!
}
