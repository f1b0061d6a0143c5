const { AsyncLocalStorage } = require('node:async_hooks')
const { TestEnvironment } = require('jest-environment-node')

const used = new Set()
const { run } = AsyncLocalStorage.prototype
AsyncLocalStorage.prototype.run = function (...args) {
  used.add(this)
  return run.apply(this, args)
}

/**
 * Node's own, but no file leaves an AsyncLocalStorage enabled. Jest makes one for each file and forgets it, and
 * before version 24 Node copies what each enabled one holds into every promise: the hundredth file of a worker
 * pays for the ninety-nine before it.
 */
module.exports = class extends TestEnvironment {
  async teardown() {
    await super.teardown()
    for (const storage of used) storage.disable()
    used.clear()
  }
}
