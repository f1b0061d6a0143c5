import type { Client, Connection, DatabaseError, FieldDef } from 'pg'
import { isBinaryElement } from '../postgres/binary-array'
import { listTypes } from './catalogue.sql.ts'
import type { Block } from './parse'

const scalars: Readonly<Record<string, string>> = {
  ...{ int2: 'number', int4: 'number', float4: 'number', float8: 'number', int8: 'bigint' },
  ...{ numeric: 'string', text: 'string', varchar: 'string', bpchar: 'string', uuid: 'string' },
  ...{ date: 'string', xid8: 'string', bool: 'boolean', timestamptz: 'Instant', bytea: 'Buffer' },
  ...{ json: 'Json', jsonb: 'Json' },
}
/** What the driver would hand out as something else: a Date, a float, an array left as text. */
const misread = ['date', 'date[]', 'int8[]', 'numeric[]', 'timestamptz[]', 'xid8[]']

/** A block with what it takes and gives, in TypeScript's types. */
export type Query = Awaited<ReturnType<typeof describe>>

/** Asks the server what a block takes and gives. The statement is parsed, never run. */
export async function describe(client: Client, block: Block) {
  const { cardinality, marks, nullsColumns, mistake } = block
  const { oids, fields } = await ask(client, block)
  const wrong = (cardinality === 'exec') === Boolean(fields)
  if (wrong) throw mistake(`is :${cardinality}, but returns ${fields ? 'rows' : 'no rows'}`)
  const values = [...oids.map((dataTypeID) => ({ dataTypeID })), ...(fields ?? [])]
  const types = await listTypes(client, { values: JSON.stringify(values) })
  const typeOf = (name: string, type: string) => {
    const scalar = scalars[type.replace('[]', '')]
    if (scalar) return type.replace(/^\w+/, scalar)
    throw mistake(`"${name}" is of type ${type}, for which there is none in TypeScript`)
  }
  const params = block.params.map(({ name, nullable }, i) => {
    // JSON goes in as text, and in an array it is the elements that may be null.
    const type = typeOf(name, types[i]!.type).replace('Json', 'string')
    const element = types[i]!.type.replace('[]', '')
    return {
      name,
      type: nullable ? type.replace(/^\w+/, '($& | null)') : type,
      binary: type.endsWith('[]') && isBinaryElement(element) ? element : undefined,
    }
  })
  const columns = fields?.map(({ name }, i) => {
    const { type, not_null } = types[oids.length + i]!
    const twice = fields.findIndex((field) => field.name === name) < i
    if (twice) throw mistake(`two columns are named "${name}"`)
    if (name === '?column?') throw mistake(`column ${i + 1} has no name`)
    const lost = misread.includes(type)
    if (lost) throw mistake(`the column "${name}" is of type ${type}: cast it to text or unnest it`)
    const nullable = marks.has(name) ? marks.get(name) === '?' : nullsColumns || !not_null
    return { name, type: typeOf(name, type) + (nullable ? ' | null' : '') }
  })
  return { ...block, params, columns }
}

/** Parse and Describe without Bind and Execute, which the driver has no call for. */
function ask(client: Client, block: Block): Promise<{ oids: number[]; fields?: FieldDef[] }> {
  return new Promise((resolve, reject) => {
    let oids: number[] = []
    let fields: FieldDef[] | undefined
    client.query({
      submit(connection: Connection) {
        // The driver has no listener of its own, but a statement that failed left this one behind.
        connection.removeAllListeners('parameterDescription')
        connection.on('parameterDescription', (message) => (oids = message.dataTypeIDs))
        connection.parse({ name: '', text: block.padded, types: [] }, true)
        connection.describe({ type: 'S', name: '' }, true)
        connection.sync()
      },
      handleRowDescription: (message: { fields: FieldDef[] }) => (fields = message.fields),
      handleReadyForQuery: () => resolve({ oids, fields }),
      handleError: (error: DatabaseError) => reject(explained(block, error)),
    })
  })
}

/** PostgreSQL's own words, at the place in the file, with parameters by name. */
function explained(block: Block, { message, detail, hint, position }: DatabaseError): Error {
  const words = [message, detail, hint].filter(Boolean).join('. ')
  const named = words.replace(/\$(\d+)/g, (_, n) => `$${block.params[n - 1]?.name}`)
  // PostgreSQL counts characters from 1; a string of JavaScript counts UTF-16 units from 0.
  const before = [...block.padded].slice(0, Number(position ?? 1) - 1)
  return block.mistake(named, before.join('').length)
}
