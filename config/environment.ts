import type { Program } from './config'

/** The file's content with the environment's values in their places, and where each came from. */
export interface Overridden {
  input: unknown
  names: Record<string, string>
}

type Section = Record<string, unknown>

/** DATABASE_URL takes the place of `database.url` and `database.embedded`, PORT that of `http.port`. */
export function withEnvironment(
  program: Program,
  file: unknown,
  env: NodeJS.ProcessEnv,
): Overridden {
  const names: Record<string, string> = {}
  if (!isSection(file)) return { input: file, names }
  const input = { ...file }
  const url = env.DATABASE_URL?.trim()
  if (url) {
    const { embedded: _, ...database } = isSection(file.database) ? file.database : {}
    input.database = { ...database, url }
    names['database.url'] = 'DATABASE_URL'
  }
  const port = env.PORT?.trim()
  if (port && program === 'api') {
    input.http = { ...(isSection(file.http) && file.http), port: toNumber(port) }
    names['http.port'] = 'PORT'
  }
  return { input, names }
}

function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What is no plain number stays text, which the schema then refuses. */
function toNumber(text: string): number | string {
  return /^\d{1,9}$/.test(text) ? Number(text) : text
}
