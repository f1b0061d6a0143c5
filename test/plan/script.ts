import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from 'pg'
import { parse } from '../../internal/sqlgen/parse'
import { projectFolder } from '../harness/program'

const folder = join(projectFolder, 'docs/plans/drop-accounts')

/** The files that up.sql or down.sql includes, in their order. */
export function stepsOf(name: 'up.sql' | 'down.sql'): string[] {
  return [...readFileSync(join(folder, name), 'utf8').matchAll(/^\\ir (\S+)$/gm)].map(
    ([, path]) => path!,
  )
}

// A statement ends with a semicolon at the end of a line, outside of a function's body.
const statement = /(?:\$(\w*)\$[^]*?\$\1\$|--.*|'(?:[^']|'')*'|[^;])+;/g

/** Runs a file as psql does: one statement after the other, each in a transaction of its own. */
export async function runStep(client: Client, path: string): Promise<void> {
  const text = readFileSync(join(folder, path), 'utf8')
  for (const [sql] of text.matchAll(statement)) {
    await client.query(sql).catch((cause: Error) => {
      throw new Error(`${path}: ${cause.message}: ${sql.trim().slice(0, 200)}`, { cause })
    })
  }
}

export async function runAll(client: Client, paths: string[]): Promise<void> {
  for (const path of paths) await runStep(client, path)
}

const queries = new Map(
  parse('queries.sql', readFileSync(join(folder, 'queries.sql'), 'utf8')).map((block) => [
    block.name,
    block,
  ]),
)

export const queryNames: string[] = [...queries.keys()]

/** Runs one of the example queries of the plan. */
export async function ask(
  client: Client,
  name: string,
  params: Record<string, unknown> = {},
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test looks into whatever came
): Promise<any[]> {
  const { text, params: names } = queries.get(name)!
  const { rows } = await client.query(
    text,
    names.map((param) => params[param.name]),
  )
  return rows
}
