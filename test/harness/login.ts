import { randomBytes } from 'node:crypto'
import { onServer, sharedServer } from './server'

/** A role of a test's own that may log in. */
export interface TestLogin {
  name: string
  /** The same database, as this login. */
  urlOf(databaseUrl: string): string
  /** Drops it; what it owns has to be gone by then. */
  close(): Promise<void>
}

/** Creates it with these attributes, as `createrole` or `in role tillbook_api`. */
export async function newLogin(
  attributes: string,
  serverUrl = sharedServer().url,
): Promise<TestLogin> {
  const name = `tillbook_login_${randomBytes(6).toString('hex')}`
  const password = randomBytes(12).toString('hex')
  await onServer(serverUrl, `create role ${name} login password '${password}' ${attributes}`)
  return {
    name,
    urlOf(databaseUrl) {
      const url = new URL(databaseUrl)
      url.username = name
      url.password = password
      return url.href
    },
    async close() {
      await onServer(serverUrl, `drop role if exists ${name}`)
    },
  }
}
