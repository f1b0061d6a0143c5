import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { loadConfig, programs as configured, type Program } from '../../config/config'
import { newDatabase } from '../harness/database'
import { projectFolder, spawnProgram } from '../harness/program'
import { onServer } from '../harness/server'
import { startService } from '../order/service'
import { readYaml } from './yaml'

const condition = z.enum(['service_healthy', 'service_completed_successfully'])
const service = z.strictObject({
  image: z.string(),
  build: z.literal('.').optional(),
  pull_policy: z.literal('never').optional(),
  hostname: z.string().optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string().regex(/^127\.0\.0\.1:\$\{[A-Z_]+:-\d+\}:\d+$/)).default([]),
  volumes: z.array(z.string()).default([]),
  tmpfs: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.strictObject({ condition })).default({}),
  healthcheck: z
    .strictObject({
      test: z.tuple([z.literal('CMD'), z.string()], z.string()),
      interval: z.string(),
      timeout: z.string(),
      retries: z.string(),
    })
    .optional(),
  init: z.literal('true').optional(),
  stop_grace_period: z.string().optional(),
  restart: z.enum(['unless-stopped', 'no']),
})
type Service = z.output<typeof service>

const execute = promisify(execFile)
const read = (path: string) => readFileSync(join(projectFolder, path), 'utf8')
const { services, volumes } = z
  .strictObject({
    services: z.record(z.string(), service),
    volumes: z.record(z.string(), z.null()),
  })
  .parse(readYaml(read('docker-compose.yml')))

const programs = Object.entries(services).filter(([, one]) => one.image === 'tillbook')
const image = read('Dockerfile')

/** What the images that are not ours declare as volumes, each of which would else be one without a name. */
const declaredVolumes: Record<string, string> = {
  'postgres:17': '/var/lib/postgresql/data',
  'rabbitmq:4': '/var/lib/rabbitmq',
  'redis:8': '/data',
}

/** The services that a service waits for, and those that these wait for. */
function before(name: string): string[] {
  return Object.keys(services[name]!.depends_on).flatMap((other) => [other, ...before(other)])
}

function portsOf({ ports }: Service): string[] {
  return ports.map((port) => port.split(':').at(-1)!)
}

test('C6 O5: starts everything that Tillbook consists of, in order', () => {
  const others = ['postgres', 'rabbitmq', 'redis', 'role']
  expect(Object.keys(services).sort()).toEqual(
    [...programs.map(([name]) => name), ...others].sort(),
  )
  expect(before('api')).toEqual(
    expect.arrayContaining(['postgres', 'migrate', 'role', 'redis', 'simulator']),
  )
  expect(before('worker')).toEqual(
    expect.arrayContaining(['postgres', 'migrate', 'role', 'rabbitmq', 'simulator']),
  )
})

test.each(Object.entries(services))('%s waits for what can be waited for', (_name, one) => {
  for (const [other, { condition }] of Object.entries(one.depends_on)) {
    const { healthcheck, restart } = services[other]!
    const wanted = healthcheck ? 'service_healthy' : 'service_completed_successfully'
    expect({ other, condition, restart }).toEqual({
      other,
      condition: wanted,
      restart: healthcheck ? 'unless-stopped' : 'no',
    })
  }
  for (const volume of one.volumes) {
    const [source = ''] = volume.split(':')
    const isThere = source.startsWith('./')
      ? existsSync(join(projectFolder, source))
      : source in volumes
    expect({ volume, isThere }).toEqual({ volume, isThere: true })
  }
})

test.each(Object.entries(services))('%s leaves no volume without a name behind', (_name, one) => {
  const named = one.volumes.map((volume) => volume.split(':')[1])
  const wanted = declaredVolumes[one.image]
  expect([...named, ...one.tmpfs]).toEqual(wanted ? expect.arrayContaining([wanted]) : [])
})

test('the image of the programs is built once, and asked of no registry', () => {
  expect(programs.flatMap(([name, { build }]) => (build ? [name] : []))).toEqual(['migrate'])
  // docker-compose 1.29 looks for images service by service, so that it is there before others ask for it.
  expect(programs[0]![0]).toBe('migrate')
  expect(programs.map(([, one]) => one.pull_policy)).toEqual(programs.map(() => 'never'))
})

const looks = programs.flatMap(([name, { healthcheck }]) =>
  healthcheck ? [{ name, look: healthcheck.test }] : [],
)

test.each(looks)('$name is healthy while it answers 200', async ({ name, look }) => {
  const path = name === 'simulator' ? '/health' : '/readyz'
  const there = await startService({ [path]: { status: 'well' } })
  const exitCode = () => {
    const [, file, ...args] = look
    const here = args.map((arg) =>
      arg.replace(/127\.0\.0\.1\/\d+/, there.url.slice(7).replace(':', '/')),
    )
    return execute(file, here).then(
      () => 0,
      (error: { code: number }) => error.code,
    )
  }
  expect(await exitCode()).toBe(0)
  there.answers[path] = 503
  expect(await exitCode()).toBe(1)
  await there.close()
  expect(await exitCode()).toBe(1)
})

describe.each(programs)('the service %s', (name, one) => {
  const [file = '', path = ''] = one.command!
  const config = loadConfig(name as Program, join(projectFolder, path), {})

  test('runs a program that the image has, with a configuration that loads', () => {
    expect([file, path]).toEqual([`bin/tillbook-${name}`, `config/${name}/compose.json`])
    expect(image).toMatch(new RegExp(`^RUN node scripts/build\\.mjs .*\\b${name}\\b`, 'm'))
    expect(config.environment).toBe('compose')
  })

  test('names only hosts and ports of services that it waits for', () => {
    const urls = JSON.stringify(config).match(/\w+:\/\/[^"]+/g) ?? []
    for (const url of [...urls, ...Object.values(one.environment)]) {
      const { hostname, port } = new URL(url)
      const other = services[hostname]
      expect({ url, isAwaited: before(name).includes(hostname) }).toEqual({ url, isAwaited: true })
      expect(portsOf(other!)).toContain(port)
    }
  })

  test('is asked how it is where it listens', () => {
    const http = 'http' in config ? config.http : undefined
    const [, port] = one.healthcheck?.test.join(' ').match(/127\.0\.0\.1\/(\d+)/) ?? []
    expect(port).toBe(http && String(http.port))
    const listening = [http, 'rpc' in config ? config.rpc : undefined]
    const open = listening.flatMap((at) => (at?.host === '0.0.0.0' ? [String(at.port)] : []))
    expect(portsOf(one)).toEqual(open)
  })
})

test('the database and the broker let in who the programs are', () => {
  const { environment } = services.postgres!
  const { POSTGRES_USER: user, POSTGRES_PASSWORD: password, POSTGRES_DB: database } = environment
  const owner = `postgres://${user}:${password}@postgres:5432/${database}`
  const urlOf = (program: Program) => {
    const config = loadConfig(program, join(projectFolder, `config/${program}/compose.json`), {})
    return 'database' in config ? config.database.url : undefined
  }
  for (const program of configured.filter((name) => name !== 'simulator')) {
    const isServing = ['api', 'worker'].includes(program)
    const login = isServing ? owner.replace(`${user}:`, 'tillbook_app:') : owner
    expect([program, urlOf(program)]).toEqual([program, login])
  }
  expect(services.role!.command).toContain(owner)
  const { RABBITMQ_DEFAULT_USER: name, RABBITMQ_DEFAULT_PASS: word } =
    services.rabbitmq!.environment
  const worker = loadConfig('worker', join(projectFolder, 'config/worker/compose.json'), {})
  expect(worker.broker.url).toBe(`amqp://${name}:${word}@rabbitmq:5672`)
})

test('the image has what its programs need', () => {
  const copied = image.match(/(?<=^COPY --from=build \/tillbook\/)\S+/gm) ?? []
  expect(copied).toEqual(['bin', 'config', 'migrations', 'node_modules/@node-rs'])
  const [, command = ''] = /^CMD \[(.*)\]$/m.exec(image) ?? []
  expect(command).toBe(services.api!.command!.map((word) => `"${word}"`).join(', '))
  expect(image).toContain(`EXPOSE ${portsOf(services.api!).join(' ')}\n`)
  const ignored = read('.dockerignore').split('\n')
  expect(ignored).toEqual(expect.arrayContaining(['node_modules', 'bin', '.data', '.git']))
})

test('the image has the configurations without their sources, for all to read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tillbook-image-'))
  const shell = async (line: string) =>
    (await execute('sh', ['-c', line], { cwd: folder })).stdout.trim().split('\n').sort()
  try {
    const [, step = ''] = /^RUN (find config .*)$/m.exec(image) ?? []
    const files = await filesOf('config', 'migrations')
    for (const name of ['config', 'migrations']) {
      await cp(join(projectFolder, name), join(folder, name), { recursive: true })
    }
    // As the clone of somebody who keeps all to themselves.
    await shell(`chmod -R go= . && ${step}`)
    expect(await shell('find * -type f')).toEqual(files.filter((path) => !path.endsWith('.ts')))
    expect(await shell('find * ! -perm -o=r -o -type d ! -perm -o=x')).toEqual([''])
  } finally {
    await rm(folder, { recursive: true })
  }
})

async function filesOf(...folders: string[]): Promise<string[]> {
  const { stdout } = await execute('find', [...folders, '-type', 'f'], { cwd: projectFolder })
  return stdout.trim().split('\n').sort()
}

test('role.sql makes a login that may do what the API may, however often it is run', async () => {
  const database = await newDatabase()
  const name = `tillbook_app_${process.pid}`
  const sql = read('deploy/compose/role.sql').replace('tillbook_app', name)
  await onServer(database.url, sql)
  await onServer(database.url, sql)
  try {
    const text = `select pg_has_role($1, 'tillbook_api', 'member') as is_member, rolsuper, rolcreaterole
      from pg_roles where rolname = $1 and rolcanlogin`
    const { rows } = await onServer(database.url, text, [name])
    expect(rows).toEqual([{ is_member: true, rolsuper: false, rolcreaterole: false }])
    const login = new URL(database.url)
    Object.assign(login, { username: name, password: 'tillbook' })
    const env = { DATABASE_URL: login.href, PORT: '0' }
    const worker = spawnProgram('worker', ['config/worker/compose.json'], env)
    const [, url] = await worker.ready(/ on (http:\S+)$/m)
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    await worker.close()
  } finally {
    await onServer(database.url, `drop role ${name}`)
    await database.close()
  }
})
