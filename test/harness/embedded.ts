import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeEmbedded, startEmbedded } from '../../internal/postgres/embedded/embedded'
import { isAlive } from '../../internal/postgres/embedded/program'

const database = 'tillbook'

export interface OpenServer {
  url: string
  close(): Promise<void>
}

/** The server named by TEST_DATABASE_URL, or an embedded one in a folder that is thrown away. */
export async function openServer(): Promise<OpenServer> {
  const url = process.env.TEST_DATABASE_URL
  if (url) return { url, close: async () => {} }
  await removeLeftovers()
  const folder = mkdtempSync(join(tmpdir(), `tillbook-test-${process.pid}-`))
  // As root the server runs under another account, which has to get in.
  chmodSync(folder, 0o755)
  const directory = join(folder, 'data')
  // Once: a signal may come while a failed setup is closing already, and both wait for the end of it.
  let closing: Promise<void> | undefined
  const close = () => (closing ??= remove(folder))
  closeOnSignal(close)
  try {
    const server = await startEmbedded({
      ...{ directory, database, isThrownAway: true },
      onProgress: () => {},
    })
    return { url: server.url, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Jest runs no globalTeardown when it is interrupted. */
function closeOnSignal(close: () => Promise<void>): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void close().finally(() => process.exit(130)))
  }
}

/** Servers whose jest was killed: its process id is in the folder's name. */
async function removeLeftovers(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = /^tillbook-test-(\d+)-/.exec(name)?.[1]
    if (pid && !isAlive(Number(pid))) await remove(join(tmpdir(), name))
  }
}

async function remove(folder: string): Promise<void> {
  await removeEmbedded({ directory: join(folder, 'data'), database })
  rmSync(folder, { recursive: true, force: true })
}
