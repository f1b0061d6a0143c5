import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Client } from 'pg'
import { generate } from '../../internal/sqlgen/generate'
import { readCatalogue } from './catalogue'
import { currencyModule } from './currency'
import { withMigratedDatabase } from './database'
import { schemaDocument } from './docs'
import { formatted } from './format'
import { apiReference } from './reference'
import { schemaSql } from './schema'

export interface GenerateOptions {
  /** A server that may create databases; nothing in the named one is touched. */
  databaseUrl: string
  /** The project's folder. */
  root: string
  /** Look only. */
  check: boolean
}

const queryFolders = ['bench', 'cmd', 'internal', 'pkg', 'seeds', 'test']

/** Writes everything that is made from the schema and the routes; answers the files that were not as they should. */
export async function run({ databaseUrl, root, check }: GenerateOptions): Promise<string[]> {
  const files = await withMigratedDatabase(
    databaseUrl,
    join(root, 'migrations'),
    async (client) => {
      return new Map([...(await queryModules(client, root)), ...(await schemaFiles(client))])
    },
  )
  files.set('docs/openapi.json', apiReference())
  const differing: string[] = []
  for (const [path, text] of files) {
    const wanted = text === undefined ? undefined : await formatted(path, text)
    const found = await readFile(join(root, path), 'utf8').catch(() => undefined)
    if (wanted === found) continue
    differing.push(path)
    if (!check) await put(join(root, path), wanted)
  }
  return differing
}

/** By path, the text that a file should have; undefined for one that should not be there. */
type Files = Map<string, string | undefined>

async function queryModules(client: Client, root: string): Promise<Files> {
  const paths = (await Promise.all(queryFolders.map((folder) => listFiles(root, folder)))).flat()
  const files: Files = new Map()
  const wrong: string[] = []
  for (const path of paths.filter((one) => one.endsWith('.sql'))) {
    try {
      const source = await readFile(join(root, path), 'utf8')
      files.set(`${path}.ts`, await generate(client, path, source))
    } catch (error) {
      wrong.push((error as Error).message)
    }
  }
  if (wrong.length > 0) throw new Error(wrong.join('\n'))
  const left = paths.filter((path) => path.endsWith('.sql.ts') && !files.has(path))
  return new Map([...files, ...left.map((path) => [path, undefined] as const)])
}

async function schemaFiles(client: Client): Promise<Files> {
  const catalogue = await readCatalogue(client)
  return new Map([
    ['internal/money/currency.gen.ts', await currencyModule(client)],
    ['migrations/schema.sql', schemaSql(catalogue)],
    ['docs/schema.md', schemaDocument(catalogue)],
  ])
}

async function listFiles(root: string, folder: string): Promise<string[]> {
  const found = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    },
  )
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, '/').length))
    .sort()
}

async function put(path: string, text: string | undefined): Promise<void> {
  if (text === undefined) return rm(path)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}
