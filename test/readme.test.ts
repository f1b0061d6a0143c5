import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { newRoutes } from '../cmd/api/routes'
import { databaseUnavailable } from '../internal/fault/fault'
import { generalFaults } from '../internal/http/general-fault'
import { collectFaults, statusOf } from '../internal/http/problem'
import { newDatabase, type TestDatabase } from './harness/database'
import { pollUntil } from './harness/poll'
import { projectFolder, spawnProgram, type SpawnedProgram } from './harness/program'
import { isReading, readSteps, withCurl, withFetch, type Step, type Way } from './readme/console'
import { brokenLinks, missingPaths, namedPaths, readTable, readText } from './readme/markdown'
import { newNames, shapeOf } from './readme/names'
import { listSettings } from './readme/settings'

const documents = readdirSync(join(projectFolder, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`)
  .sort()

interface Served {
  database: TestDatabase
  program: SpawnedProgram
  port: number
}

/** What `make run` fills for the reader; each walk begins with a copy of it. */
let filled: TestDatabase
beforeAll(async () => {
  filled = await newDatabase()
  const env = { DATABASE_URL: filled.url }
  const { exited } = spawnProgram('populate', ['config/populate/local.json'], env)
  expect(await exited).toMatchObject({ code: 0 })
})
afterAll(() => filled.close())

/** What the reader has before them after `make run`. */
async function serve(): Promise<Served> {
  const database = await newDatabase({ copyOf: filled })
  const env = { DATABASE_URL: database.url, PORT: '0' }
  const program = spawnProgram('api', ['config/api/local.json'], env)
  const [, port] = await program.ready(/^Tillbook serves on http:\/\/127\.0\.0\.1:(\d+)$/m)
  return { database, program, port: Number(port) }
}

async function close({ program, database }: Served): Promise<void> {
  // Not gently: it would wait for reservations, which take half a minute each.
  program.kill('SIGKILL')
  await program.exited
  await database.close()
}

function hasCurl(): boolean {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

// One after the other: the second goes on where the first one ends.
const tours = ['README.md', 'docs/tour.md']

// The whole of it by the commands as they stand; without curl by reading what they say, which is tried anyway.
const ways: [string, Way, string[]][] = hasCurl()
  ? [
      ['curl', withCurl, tours],
      ['fetch', withFetch, tours.slice(0, 1)],
    ]
  : [['fetch', withFetch, tours]]

describe.each(ways)('the tour, walked with %s', (_name, walk, paths) => {
  const steps = paths.flatMap((path) => readSteps(readText(path)))
  const names = newNames()
  let served: Served
  beforeAll(async () => {
    served = await serve()
  })
  afterAll(() => close(served))

  test('has its steps', () => {
    expect(steps.length).toBeGreaterThan(paths.length * 5)
  })

  test.each(steps.map((step) => [titleOf(step), step] as const))('%s', async (_title, step) => {
    const { command, shown } = step
    const line = names.toReal(command).replaceAll('localhost:8080', `127.0.0.1:${served.port}`)
    const wanted = split(shown)
    const found = await lookUntil(shapeOf(wanted.body), isReading(step), () => walk(line))
    const asShown = names.toShown(onlyThose(found.head, wanted.head) + found.body, shown)
    expect(asShown).toBe(wanted.head.join('\n') + wanted.body)
  })

  test('the reference that is served is docs/openapi.json', async () => {
    const answer = await fetch(`http://127.0.0.1:${served.port}/openapi.json`)
    const reference = (await answer.json()) as { info: { version: string } }
    const kept = JSON.parse(readText('docs/openapi.json')) as typeof reference
    expect(reference.info.version.split('.')[0]).toBe(kept.info.version)
    expect({ ...reference, info: undefined }).toEqual({ ...kept, info: undefined })
  })
})

/** What is read may be made in the background: it is asked for again until it looks as shown. */
async function lookUntil(shape: string, isReading: boolean, walk: () => Promise<string>) {
  let found = split(await walk())
  const isThere = async () => {
    if (!isReading || shapeOf(found.body) === shape) return true
    found = split(await walk())
    return false
  }
  // One that never does is compared all the same, to show what differs.
  await pollUntil(isThere, { what: 'answer as shown', timeoutMs: 20_000 }).catch(() => {})
  return found
}

function titleOf({ command }: Step): string {
  return `answers as shown: ${command.replaceAll(/\s*\\\n\s*/g, ' ').slice(0, 120)}`
}

/** Head and body of an answer; the body laid out in one way, so that it can be wrapped for reading. */
function split(answer: string): { head: string[]; body: string } {
  const parts = answer.replaceAll('\r', '').split('\n\n')
  const body = parts.pop() ?? ''
  return { head: parts.join('\n').split('\n'), body: JSON.stringify(JSON.parse(body), null, 1) }
}

/** The README leaves headers out; those that it shows stand in its order. */
function onlyThose([status, ...found]: string[], [_status, ...shown]: string[]): string {
  const nameOf = (line: string) => line.split(':')[0]!.toLowerCase()
  const kept = shown.map((wanted) => {
    const line = found.find((one) => nameOf(one) === nameOf(wanted)) ?? ''
    return wanted.split(':')[0] + line.slice(nameOf(wanted).length)
  })
  return [status, ...kept].join('\n')
}

test('the table of settings is the schema: keys, defaults, values, in its order', () => {
  const rows = readTable(readText('docs/configuration.md'), 'Key').map(
    ([key, standard, values]) => ({
      key,
      default: standard,
      values,
    }),
  )
  const settings = listSettings()
  expect(rows.map(({ key }) => key)).toEqual(settings.map(({ key }) => key))
  settings.forEach((setting, i) => {
    expect(rows[i]).toMatchObject({ key: setting.key, default: setting.default ?? '' })
    if (!setting.values) return
    const words = rows[i]!.values!.replaceAll(/(?<=\d),(?=\d)/g, '').match(/[\w-]+/g) ?? []
    expect(words.slice(0, setting.values.length)).toEqual(setting.values)
  })
})

test('the table of problems has every code that can be answered, with its status', () => {
  const routes = newRoutes({} as Parameters<typeof newRoutes>[0])
  const faults = collectFaults([
    ...routes.flatMap((route) => route.faults),
    ...Object.values(generalFaults),
    databaseUnavailable,
  ])
  const rows = ['docs/ledger.md', 'docs/commerce.md'].flatMap((path) =>
    readTable(readText(path), 'Code'),
  )
  expect(rows.map(([code, status]) => `${code} ${status}`).sort()).toEqual(
    faults.map((spec) => `${spec.code} ${statusOf(spec)}`).sort(),
  )
})

test.each(['README.md', 'CHANGELOG.md', ...documents])(
  '%s names only make targets, links and paths that are there',
  (path) => {
    const targets: string[] = readText('Makefile').match(/^[a-z-]+(?=:.*## )/gm) ?? []
    const named = [...readText(path).matchAll(/(?:^|`|&& |\$ )make ([a-z][a-z-]*)/gm)]
      .map(([, target = '']) => target)
      .filter((target) => !targets.includes(target))
    expect({ targets: named, links: brokenLinks(path), paths: missingPaths(path) }).toEqual({
      targets: [],
      links: [],
      paths: [],
    })
  },
)

test('each promise has its test in each of the files that docs/promises.md names', () => {
  const rows = readTable(readText('docs/promises.md'), 'Id').filter(([id]) => id !== '')
  expect(rows.length).toBeGreaterThan(15)
  const missing = rows.flatMap(([id = '', , shownBy = '']) => {
    const files = [...shownBy.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, path = '']) => path)
    const title = new RegExp(`['\`][^'\`\\n]*\\b${id}\\b`)
    const silent = files.filter((path) => !title.test(readText(path)))
    return files.length > 0 ? silent.map((path) => `${id}: ${path}`) : [`${id}: nowhere`]
  })
  expect(missing).toEqual([])
})

test('the README names what there is to look at', () => {
  expect(namedPaths('README.md').length).toBeGreaterThan(10)
})
