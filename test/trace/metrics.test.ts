import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { projectFolder } from '../harness/program'
import { pollUntil } from '../harness/poll'
import { openRig, type Rig } from './rig'

let rig: Rig
let known: Set<string>
beforeAll(async () => {
  rig = await openRig({ withoutWorker: true, api: { worker: { in_process: true } } })
  known = typesIn(await rig.metrics())
})
afterAll(() => rig.close())

const read = (path: string) => readFileSync(join(projectFolder, path), 'utf8')

/** The names of all metrics, whether there is a value yet or not. */
function typesIn(text: string): Set<string> {
  return new Set([...text.matchAll(/^# TYPE (\w+) \w+$/gm)].map(([, name]) => name!))
}

/** Of a histogram, Prometheus makes several. */
function namesIn(text: string): string[] {
  const all = text.match(/\b(?:tillbook|nodejs|process)_\w+/g) ?? []
  return [...new Set(all.map((name) => name.replace(/_(bucket|count|sum)$/, '')))]
}

const target = z.object({ expr: z.string().min(1), refId: z.string(), legendFormat: z.string() })
const panel = z.object({
  id: z.int(),
  type: z.enum(['row', 'timeseries']),
  title: z.string().min(1),
  gridPos: z.object({ x: z.int(), y: z.int(), w: z.int().max(24), h: z.int() }),
  targets: z.array(target).optional(),
})
const dashboard = z.object({
  uid: z.string(),
  title: z.string(),
  schemaVersion: z.int(),
  templating: z.object({ list: z.array(z.object({ name: z.string() })) }),
  panels: z.array(panel),
})

test('the dashboard shows what there is, and all there is', () => {
  const { panels } = dashboard.parse(JSON.parse(read('deploy/grafana/dashboard.json')))
  const shown = namesIn(panels.flatMap(({ targets = [] }) => targets.map((t) => t.expr)).join('\n'))
  expect(shown.filter((name) => !known.has(name))).toEqual([])
  const ours = [...known].filter((name) => name.startsWith('tillbook_'))
  expect(ours.filter((name) => !shown.includes(name))).toEqual([])
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
})

test.each(['deploy/prometheus/alerts.yml', 'docs/observability.md', 'docs/outbox.md'])(
  '%s names metrics that there are',
  (path) => {
    const named = namesIn(read(path)).filter((name) => name.startsWith('tillbook_'))
    const programs = ['tillbook_api', 'tillbook_migrate']
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter((name) => !known.has(name) && !programs.includes(name))).toEqual([])
  },
)

test('docs/observability.md names every metric', () => {
  const named = namesIn(read('docs/observability.md'))
  const ours = [...known].filter((name) => name.startsWith('tillbook_'))
  expect(ours.filter((name) => !named.includes(name))).toEqual([])
})

test('each alarm is explained', () => {
  const alarms = [...read('deploy/prometheus/alerts.yml').matchAll(/- alert: (\w+)/g)]
  const explained = read('docs/observability.md')
  expect(alarms.length).toBeGreaterThan(5)
  for (const [, name] of alarms) expect(explained).toContain(name)
})

test('R6 O5: every queue, circuit, pool and lease has its value', async () => {
  const values = async () => new Set((await rig.metrics()).split('\n').map((line) => line.trim()))
  const all = [...(await values())].map((line) => line.replace(/ [\d.e+-]+$/, ''))
  for (const upstream of ['user', 'product']) {
    for (const caller of ['request', 'worker']) {
      const whose = `upstream="${upstream}",caller="${caller}"`
      expect(all).toContain(`tillbook_upstream_calls{${whose},state="queued"}`)
      expect(all).toContain(`tillbook_upstream_breaker{${whose},state="open"}`)
    }
  }
  for (const pool of ['api', 'ledger', 'seal', 'statement', 'event', 'work']) {
    expect(all).toContain(`tillbook_pool_connections{pool="${pool}",state="waiting"}`)
  }
  for (const loop of ['reservations', 'pending orders']) {
    expect(all).toContain(`tillbook_lease_in_flight{loop="${loop}"}`)
  }
})

test('counts what happens: sign-ins, calls, claims and groups', async () => {
  const authorization = `Basic ${Buffer.from('nobody:wrong-password').toString('base64')}`
  await rig.send('/users', { headers: { authorization } })
  const ordered = { user_id: 'u', product_code: 'p' }
  await rig.send('/orders', { json: ordered })
  await rig.send('/orders', { json: ordered, headers: { prefer: 'respond-async' } })
  const expected = [
    'tillbook_sign_ins_total{outcome="failed"} 1',
    'tillbook_upstream_call_seconds_count{upstream="user",caller="request",outcome="ok"} 1',
    'tillbook_upstream_call_seconds_count{upstream="user",caller="worker",outcome="ok"} 1',
    'tillbook_lease_claims_total{loop="pending orders"} 1',
  ]
  for (const line of expected) {
    await pollUntil(async () => (await rig.metrics()).split('\n').includes(line), { what: line })
  }
})

test('says that the ledger is intact once it was looked at', async () => {
  const line = 'tillbook_verification{state="intact"} 1'
  await pollUntil(async () => (await rig.metrics()).includes(line), {
    what: line,
    timeoutMs: 50_000,
  })
})
