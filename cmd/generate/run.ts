import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Client } from 'pg'
import { generate } from '../../internal/sqlgen/generate'
import { readCatalogue } from './catalogue'
import { chartSchema } from './chart'
import { currencyModule } from './currency'
import { withMigratedDatabase } from './database'
import { schemaDocument } from './docs'
import { listFiles, type Files } from './file'
import { formatted } from './format'
import { messageFiles } from './message'
import { apiReference, messageReference } from './reference'
import { schemaSql } from './schema'

export interface GenerateOptions {
  /** A server that may create databases; nothing in the named one is touched. */
  databaseUrl: string
  /** The project's folder. */
  root: string
  /** Look only. */
  check: boolean
  /** PATH, for buf to find Node. Without it the messages of gRPC are left alone. */
  path?: string | undefined
}

/**
 * What the chart hands on, by where it is. As copies: a link does not survive a clone on Windows or the archives
 * of Flux, and Helm reads nothing outside of the chart.
 */
const chartCopies = {
  'deploy/helm/tillbook/files/alerts.yml': 'deploy/prometheus/alerts.yml',
  'deploy/helm/tillbook/files/dashboard.json': 'deploy/grafana/dashboard.json',
}

const queryFolders = ['bench', 'cmd', 'internal', 'pkg', 'seeds', 'test']

/**
 * Writes everything that is made from the schema, the messages, the routes and the settings; answers the files
 * that were not as they should.
 */
export async function run({ databaseUrl, root, check, path }: GenerateOptions): Promise<string[]> {
  const files = await withMigratedDatabase(
    databaseUrl,
    join(root, 'migrations'),
    async (client) => {
      return new Map([...(await queryModules(client, root)), ...(await schemaFiles(client))])
    },
  )
  files.set('docs/openapi.json', apiReference())
  files.set('deploy/helm/tillbook/values.schema.json', chartSchema())
  for (const [name, source] of Object.entries(chartCopies)) {
    files.set(name, await readFile(join(root, source), 'utf8'))
  }
  if (path) for (const [name, text] of await messageFiles(root, path)) files.set(name, text)
  for (const [name, text] of messageReference()) files.set(name, text)
  const differing: string[] = []
  for (const [name, text] of files) {
    const wanted = text === undefined ? undefined : await formatted(name, text)
    const found = await readFile(join(root, name), 'utf8').catch(() => undefined)
    if (wanted === found) continue
    differing.push(name)
    if (!check) await put(join(root, name), wanted)
  }
  return differing
}

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

async function put(path: string, text: string | undefined): Promise<void> {
  if (text === undefined) return rm(path)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}
