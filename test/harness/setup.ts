import { migrate } from '../../internal/postgres/migrate'
import { connectionSettings } from './database'
import { openServer } from './embedded'
import { probeServices } from './service'
import { dropLeftovers, dropRun, newRunName, onServer, shareServer, urlOf } from './server'

declare global {
  /** Set by globalSetup for globalTeardown, which jest runs in the same process. */
  var closeTestServer: (() => Promise<void>) | undefined
}

/** Before all tests of the project "postgres": a server, and on it a migrated database to copy. */
export default async function setup(): Promise<void> {
  await probeServices()
  const server = await openServer()
  const run = newRunName()
  globalThis.closeTestServer = async () => {
    await dropRun(server.url, run).finally(server.close)
  }
  try {
    await dropLeftovers(server.url)
    shareServer({ url: server.url, run, template: await newTemplate(server.url, run) })
  } catch (error) {
    // Jest runs no globalTeardown after a globalSetup that failed.
    await globalThis.closeTestServer()
    throw error
  }
}

async function newTemplate(url: string, run: string): Promise<string> {
  const template = `${run}_template`
  await onServer(url, `create database "${template}" template template0`)
  const settings = connectionSettings(urlOf({ url }, template), { statement_timeout_ms: 60_000 })
  await migrate({ settings, directory: 'migrations', program: 'tillbook-test' })
  return template
}
