import { newMetrics } from './metrics'

/** The values of one metric by their labels. */
async function read(metrics: ReturnType<typeof newMetrics>, name: string) {
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith(name))
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.lastIndexOf(' ')
      return [line.slice(name.length, at), Number(line.slice(at + 1))]
    }),
  )
}

test('counts requests by template, method and status, and what leads nowhere as one', async () => {
  const metrics = newMetrics()
  const seen = { method: 'GET', route: '/users/:id', status: 200 }
  metrics.observeRequest({ ...seen, seconds: 0.004 })
  metrics.observeRequest({ ...seen, seconds: 0.2 })
  metrics.observeRequest({ method: 'POST', route: undefined, status: 404, seconds: 0.1 })
  const name = 'tillbook_http_request_seconds'
  expect(await read(metrics, `${name}_count`)).toEqual({
    '{route="/users/:id",method="GET",status="200"}': 2,
    '{route="none",method="POST",status="404"}': 1,
  })
  const buckets = await read(metrics, `${name}_bucket`)
  expect(buckets['{le="0.005",route="/users/:id",method="GET",status="200"}']).toBe(1)
  expect(buckets['{le="+Inf",route="/users/:id",method="GET",status="200"}']).toBe(2)
})

test('reads a gauge when it is asked for, with labels or without', async () => {
  const metrics = newMetrics()
  let length = 1
  metrics.gauge({ name: 'queue_requests', help: 'Waiting.', read: () => length })
  const read2 = () => [
    { labels: { pool: 'a' }, value: length },
    { labels: { pool: 'b' }, value: 0 },
  ]
  metrics.gauge({ name: 'pool_connections', help: 'Open.', read: read2 })
  length = 7
  expect(await read(metrics, 'queue_requests')).toEqual({ '': 7 })
  expect(await read(metrics, 'pool_connections')).toEqual({ '{pool="a"}': 7, '{pool="b"}': 0 })
})

test('counts what happens, and takes values apart by their size', async () => {
  const metrics = newMetrics()
  const retried = metrics.counter({ name: 'retries_total', help: 'Tried again.' })
  retried()
  retried(2)
  const grouped = metrics.histogram({ name: 'group', help: 'Size.', buckets: [1, 10] })
  grouped(5)
  expect(await read(metrics, 'retries_total')).toEqual({ '': 3 })
  expect(await read(metrics, 'group_bucket')).toEqual({
    '{le="1"}': 0,
    '{le="10"}': 1,
    '{le="+Inf"}': 1,
  })
})

test('counts apart by labels, also when a name is given by several', async () => {
  const metrics = newMetrics()
  const named = { name: 'calls_total', help: 'Called.', labels: ['to'] }
  const [one, other] = [metrics.counter(named), metrics.counter(named)]
  one(2, { to: 'a' })
  other(1, { to: 'b' })
  one(1, { to: 'b' })
  expect(await read(metrics, 'calls_total')).toEqual({ '{to="a"}': 2, '{to="b"}': 2 })
  const timed = { name: 'seconds', help: 'Time.', buckets: [1], labels: ['to'] }
  metrics.histogram(timed)(0.5, { to: 'a' })
  metrics.histogram(timed)(2, { to: 'a' })
  expect(await read(metrics, 'seconds_count')).toEqual({ '{to="a"}': 2 })
})

test('tells all readings of a gauge that several have made', async () => {
  const metrics = newMetrics()
  for (const pool of ['a', 'b']) {
    const read = () => [{ labels: { pool }, value: pool.charCodeAt(0) }]
    metrics.gauge({ name: 'pools', help: 'Open.', read })
  }
  expect(await read(metrics, 'pools')).toEqual({ '{pool="a"}': 97, '{pool="b"}': 98 })
})

test('has those of the process, also for several at once in one process', async () => {
  const both = [newMetrics(), newMetrics()]
  for (const metrics of both) {
    expect(Object.keys(await read(metrics, 'process_resident_memory_bytes'))).toEqual([''])
  }
})
