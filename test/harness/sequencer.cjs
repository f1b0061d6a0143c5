const Sequencer = require('@jest/test-sequencer').default
const { sep } = require('node:path')

/** What takes longest, the longest first: begun last, one of them would keep a worker busy alone at the end. */
const longest = [
  'commerce/reservation',
  'embedded',
  'ledger/concurrency',
  'populate',
  'seal/seal',
  'plan/drop-accounts-load',
  'cli/program',
  'plan/drop-accounts',
  'ledger/failures',
  'rest/verification',
  'checkout/race',
  'order/misbehaviour',
  'sqlgen',
  'rest/bulk-transactions',
  'readme',
  'ledger/holds',
  'demo/run',
  'model/concurrent',
  'postgres/migrate',
  'order/worker',
  'trace/trace',
]
const rank = new Map(longest.map((name, i) => [`${sep}test${sep}${name}.test.ts`, i]))
const rankOf = ({ path }) => {
  const name = [...rank.keys()].find((end) => path.endsWith(end))
  return name === undefined ? longest.length : rank.get(name)
}

/** The order of jest, which knows how long each file took once it has run here, and before that only its size. */
module.exports = class extends Sequencer {
  sort(tests) {
    const usual = super.sort(tests)
    return usual.every(({ duration }) => duration !== undefined)
      ? usual
      : usual.sort((one, other) => rankOf(one) - rankOf(other))
  }
}
