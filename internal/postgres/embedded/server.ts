import { spawn } from 'node:child_process'
import { open, readFile, realpath, stat } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Account } from './account'
import { ifThere } from './file'
import type { Place } from './place'
import { isAlive, runProgram, surroundings } from './program'

/** A server that runs, as PostgreSQL's own postmaster.pid tells of it. */
export interface Server {
  pid: number
  port: number
  /** False while it starts, recovers or stops. */
  ready: boolean
}

const host = '127.0.0.1'
const pollMs = 40
const connectMsMax = 2_000
const refusalsMsMax = 10_000
const refusalPauseMs = 300
const attemptsMax = 3
const recoveryMsMax = 120_000
const shutdownMsMax = 60_000

// No unix socket: its path is limited to about 100 bytes, and a folder may be deeper. fsync and
// synchronous_commit are the defaults, repeated because the ledger's promise rests on them.
const settings = {
  listen_addresses: host,
  unix_socket_directories: '',
  fsync: 'on',
  synchronous_commit: 'on',
  max_connections: '200',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

/** Instead of them where nobody wants the data back. */
const thrownAway = { fsync: 'off', full_page_writes: 'off' }

/** The server of this cluster, or undefined when none runs. */
export async function findServer(cluster: string): Promise<Server | undefined> {
  const text = await ifThere(readFile(join(cluster, 'postmaster.pid'), 'utf8'))
  const [pidText, folder, , portText, , , , status] = (text ?? '').split('\n')
  const [pid, port] = [Number(pidText), Number(portText)]
  if (!pid || !port || !folder || !isAlive(pid)) return undefined
  // A file left behind by a kill names a pid that another process may have by now.
  if ((await isOtherFolder(folder, cluster)) || !(await answers(port))) return undefined
  return { pid, port, ready: status?.trim() === 'ready' }
}

/** True when the cluster is a copy of that folder, whose server it is. A moved folder keeps its server. */
async function isOtherFolder(folder: string, cluster: string): Promise<boolean> {
  const path = await ifThere(realpath(folder)).catch(() => undefined)
  return path !== undefined && path !== (await realpath(cluster))
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host, timeout: connectMsMax })
    const done = (yes: boolean) => {
      socket.destroy()
      resolve(yes)
    }
    socket.once('connect', () => done(true))
    socket.once('timeout', () => done(false))
    socket.once('error', () => done(false))
  })
}

export interface LaunchOptions {
  place: Place
  /** The folder of the programs. */
  binaries: string
  account?: Account
  /** See EmbeddedOptions. */
  isThrownAway: boolean
}

/**
 * Starts the server and waits until it is ready. After a `kill -9` the new one is refused until the last
 * process of the old one is gone, so it is tried for 10 s. Otherwise a few times: another
 * program may have taken the port. Each time it is a port that is free.
 */
export async function launchServer(options: LaunchOptions): Promise<Server> {
  const { cluster, logFile } = options.place
  const logStart = await sizeOf(logFile)
  const start = Date.now()
  let attempt: Attempt | undefined
  for (let attempts = 0; ;) {
    const server = await findServer(cluster)
    if (server?.ready) return server
    const waitedMs = Date.now() - start
    if (waitedMs > recoveryMsMax) await fail('is not ready yet', logFile, logStart)
    if (!server && attempt?.ended() !== false) {
      const killed = await ifThere(stat(join(cluster, 'postmaster.pid')))
      const isLast = killed ? waitedMs > refusalsMsMax : attempts >= attemptsMax
      if (isLast) await fail('did not start', logFile, logStart)
      if (attempts++ > 0) await delay(refusalPauseMs)
      attempt = await launch(options)
    }
    await delay(pollMs)
  }
}

interface Attempt {
  ended(): boolean
}

/**
 * Without pg_ctl: it hands the folder's name to a shell, and tells of an end only by waiting. The server gets a
 * session of its own and no pipe of ours, so that it outlives us.
 */
async function launch({ place, binaries, account, isThrownAway }: LaunchOptions): Promise<Attempt> {
  const { cluster, logFile } = place
  const port = await choosePort(cluster)
  const all = { ...settings, ...(isThrownAway && thrownAway) }
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const log = await open(logFile, 'a', 0o600)
  let ended = false
  const child = spawn(join(binaries, 'postgres'), ['-D', cluster, '-p', String(port), ...flags], {
    ...surroundings(account),
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  })
  child.once('exit', () => (ended = true))
  child.once('error', () => (ended = true))
  child.unref()
  await log.close()
  return { ended: () => ended }
}

/** The port it had last, so that programs find it again after a restart; any free one when that is taken. */
async function choosePort(cluster: string): Promise<number> {
  const lastCall = await ifThere(readFile(join(cluster, 'postmaster.opts'), 'utf8'))
  const last = Number(/"-p" "(\d+)"/.exec(lastCall ?? '')?.[1] ?? 0)
  return listenOnce(last).catch(() => listenOnce(0))
}

/** The port, or any for 0, when it is free at this moment. */
function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, host, () => {
      const { port: bound } = server.address() as AddressInfo
      server.close(() => resolve(bound))
    })
  })
}

/** Fast shutdown: open transactions are rolled back, connections closed. Waits until the server is gone. */
export async function stopServer({ pid }: Server, place: Place, account?: Account): Promise<void> {
  const logStart = await sizeOf(place.logFile)
  // By the account: the pid comes from a file that belongs to it.
  await runProgram('/bin/sh', ['-c', 'kill -INT "$1"', 'sh', String(pid)], { account })
  const deadline = Date.now() + shutdownMsMax
  // In a container without an init process an ended one stays as a zombie; the file does not.
  const pidFile = join(place.cluster, 'postmaster.pid')
  while (isAlive(pid) && (await ifThere(stat(pidFile)))) {
    if (Date.now() > deadline) await fail('does not stop', place.logFile, logStart)
    await delay(pollMs)
  }
}

async function fail(what: string, logFile: string, logStart: number): Promise<never> {
  const log = (await ifThere(readFile(logFile))) ?? Buffer.alloc(0)
  const lines = log.subarray(logStart).toString('utf8').trim().split('\n').slice(-8)
  throw new Error(`PostgreSQL ${what}. The end of ${logFile}:\n  ${lines.join('\n  ')}`)
}

async function sizeOf(file: string): Promise<number> {
  return (await ifThere(stat(file)))?.size ?? 0
}
