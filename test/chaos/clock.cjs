// Preloaded into an API process (node --require): on SIGUSR2 its time of day jumps by the milliseconds
// that stand in the file CHAOS_CLOCK. As when a real clock is set, timers and performance.now() go on.
const { readFileSync } = require('node:fs')

const file = process.env.CHAOS_CLOCK
const parent = process.ppid
const RealDate = Date
const realNow = Date.now.bind(Date)
let shiftMs = 0

Date.now = () => realNow() + shiftMs
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length > 0 ? args : [RealDate.now()], newTarget),
  apply: () => new RealDate(RealDate.now()).toString(),
})

process.on('SIGUSR2', () => {
  shiftMs = Number(readFileSync(file, 'utf8'))
})

// Whoever started it may be killed as well, and nothing of ours stays behind.
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
}, 1000).unref()
