import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Pod, Probe, Service } from 'kubernetes-types/core/v1'
import { newDatabase, type TestDatabase } from '../harness/database'
import { pollUntil } from '../harness/poll'
import { projectFolder, spawnProgram, type SpawnedProgram } from '../harness/program'
import { startService } from '../order/service'
import { chartFolder, containerOf, fileOf, only, podsOf, render, type Manifest } from './chart'
import { describeWithTool } from './tool'

const execute = promisify(execFile)

interface Settings {
  http?: { port: number }
  rpc?: { port: number }
}

describeWithTool('helm', 'C6: what the Helm chart runs', (helm) => {
  let manifests: Manifest[]
  let folder: string
  let database: TestDatabase
  beforeAll(async () => {
    manifests = render(helm, { simulator: { enabled: true } })
    folder = mkdtempSync(join(tmpdir(), 'tillbook-chart-'))
    database = await newDatabase()
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true })
    await database.close()
  })

  /** Starts a program with the file of its pod, on ports that are free. */
  function start(program: string): SpawnedProgram {
    const file = join(folder, `${program}.json`)
    const pod = podsOf(manifests)[program]!
    const config = JSON.parse(fileOf(manifests, pod)) as Settings
    if (config.http) config.http.port = 0
    if (config.rpc) config.rpc.port = 0
    writeFileSync(file, JSON.stringify(config))
    // The root of a pod is read-only: whoever needs a place for what is temporary has to be given one.
    const hasScratch = containerOf(pod).volumeMounts!.some(({ mountPath }) => mountPath === '/tmp')
    const TMPDIR = hasScratch ? folder : join(folder, 'nowhere')
    const databaseUrl = program === 'simulator' ? undefined : database.url
    return spawnProgram(program, [file], { TMPDIR, DATABASE_URL: databaseUrl })
  }

  test.each(['api', 'worker', 'simulator'])(
    'the program %s: each of its probes is answered with 200',
    async (program) => {
      const { startupProbe, livenessProbe, readinessProbe } = containerOf(
        podsOf(manifests)[program]!,
      )
      const probes = [startupProbe, livenessProbe, readinessProbe].filter((one) => one) as Probe[]
      const running = start(program)
      const [, url] = await running.ready(/ on (http:\S+:\d+)/)
      for (const { httpGet } of probes) {
        expect(httpGet!.port).toBe('http')
        expect((await fetch(`${url}${httpGet!.path}`)).status).toBe(200)
      }
      expect(probes.length).toBe(program === 'simulator' ? 1 : 3)
      expect(await running.close()).toMatchObject({ code: 0 })
    },
  )

  test('the migrations', async () => {
    expect(await start('migrate').exited).toMatchObject({ code: 0 })
  })

  test('what `helm test` asks: the API by its Service, until it can serve', async () => {
    const [node, flag, script, url, seconds] = containerOf(
      only<Pod>(manifests, 'Pod', 'test'),
    ).command!
    const [port] = only<Service>(manifests, 'Service', 'api').spec!.ports!
    expect(url).toBe(`http://shop-tillbook-api:${port!.port}/readyz`)
    expect(Number(seconds)).toBe(60)
    const there = await startService({ '/readyz': 503 })
    const exitCode = (within: string) => {
      const args = [flag!, script!, `${there.url}/readyz`, within]
      return execute(node!, args).then(
        () => 0,
        (error: { code: number }) => error.code,
      )
    }
    expect(await exitCode('0')).toBe(1)
    const soonReady = exitCode('60')
    await pollUntil(() => there.asked.get('/readyz') === 2, { what: 'second question' })
    there.answers['/readyz'] = { status: 'well' }
    expect(await soonReady).toBe(0)
    await there.close()
  })

  test('what it tells whoever installs it to run, with the rights that the API has', () => {
    const notes = readFileSync(join(chartFolder, 'templates/NOTES.txt'), 'utf8')
    const [, named = ''] = /bin\/tillbook-credential ([\s\S]+?\.json)/.exec(notes)!
    const url = `${database.url}?options=${encodeURIComponent('-c role=tillbook_api')}`
    const said = execFileSync('bin/tillbook-credential', named.split(/[\s\\]+/), {
      cwd: projectFolder,
      env: { PATH: process.env.PATH, DATABASE_URL: url },
      input: 'a long password\n',
      encoding: 'utf8',
    })
    expect(said).toBe('root can sign in.\n')
  })
})
