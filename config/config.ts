import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import { withEnvironment } from './environment'
import { describeIssue, mistaken, unreadable } from './mistakes'
import {
  api,
  credential,
  database,
  migrate,
  outbox,
  populate,
  simulator,
  verify,
  worker,
} from './schema'

/** One schema for each program; a program's files stand in config/<program>/<environment>.json. */
const schemas = { api, migrate, populate, database, verify, credential, simulator, worker, outbox }

export type Program = keyof typeof schemas
export const programs = Object.keys(schemas) as Program[]
export type Config<P extends Program> = z.output<(typeof schemas)[P]>
export type ApiConfig = Config<'api'>
export type MigrateConfig = Config<'migrate'>
export type PopulateConfig = Config<'populate'>
export type VerifyConfig = Config<'verify'>
export type CredentialConfig = Config<'credential'>
export type OutboxConfig = Config<'outbox'>
export type DatabaseConfig = Config<'database'>
export type WorkerConfig = Config<'worker'>
export type SimulatorConfig = Config<'simulator'>

/**
 * The configuration of a program: its file, overridden by the environment. Throws one Fault that lists every
 * mistake with its key.
 */
export function loadConfig<P extends Program>(
  program: P,
  path: string,
  env: NodeJS.ProcessEnv,
): Config<P> {
  const file = parseJson(path, readText(path))
  const { input, names } = withEnvironment(program, file, env)
  const parsed = schemas[program].safeParse(input)
  if (parsed.success) return parsed.data as Config<P>
  throw mistaken(
    path,
    parsed.error.issues.flatMap((issue) => describeIssue(issue, input, names)),
  )
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw unreadable(
      path,
      code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`,
    )
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const before = text.slice(0, endOfJson(text)).split('\n')
    const column = (before.at(-1) ?? '').length + 1
    const why = `is not JSON from line ${before.length}, column ${column} on`
    throw unreadable(path, why, error)
  }
}

/**
 * How far the text is the beginning of some JSON. Node tells the position for some mistakes only; but
 * what fails at its very end is merely cut off, so the first prefix that fails before it is the place.
 */
function endOfJson(text: string): number {
  for (let length = 1; length <= text.length; length++) {
    if (failsBeforeEnd(text.slice(0, length))) return length - 1
  }
  return text.length
}

function failsBeforeEnd(prefix: string): boolean {
  try {
    JSON.parse(prefix)
    return false
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    const position = /at position (\d+)/.exec(message)?.[1]
    if (position !== undefined) return Number(position) < prefix.length
    return !message.startsWith('Unexpected end')
  }
}
