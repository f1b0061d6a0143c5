import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Client } from 'pg'
import { check } from 'prettier/standalone'
import * as estree from 'prettier/plugins/estree'
import * as typescriptPlugin from 'prettier/plugins/typescript'
import ts from 'typescript'
import prettierConfig from '../.prettierrc.json'
import type * as format from '../cmd/generate/format'
import { formatted } from '../cmd/generate/format'
import { run } from '../cmd/generate/run'
import * as query from '../internal/postgres/query'
import { typeParsers } from '../internal/postgres/types'
import { generate } from '../internal/sqlgen/generate'
import { newDatabase, type TestDatabase } from './harness/database'
import { pollUntil } from './harness/poll'

// Prettier takes most of the time, and is given the same again and again.
jest.mock('../cmd/generate/format', () => {
  const real = jest.requireActual<typeof format>('../cmd/generate/format')
  const known = new Map<string, Promise<string>>()
  return {
    formatted(name: string, text: string) {
      const key = `${name}\n${text}`
      if (!known.has(key)) known.set(key, real.formatted(name, text))
      return known.get(key)
    },
  }
})

const path = 'pkg/thing/sql/thing.sql'

let database: TestDatabase
let client: Client

beforeAll(async () => {
  database = await newDatabase({ empty: true })
  client = new Client({ connectionString: database.url, types: typeParsers })
  await client.connect()
  await client.query(`
    set timezone to 'UTC';
    create temp table thing (id text primary key, size int not null, note text, owner_id text);
    create temp table owner (id text primary key, name text not null);
    create temp table every_type (
      i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric, t text, v varchar, c char(2),
      u uuid, d date, b bool, at timestamptz, j json, jb jsonb, raw bytea, x xid8, many text[]
    );`)
})
afterAll(async () => {
  await client.end()
  await database.close()
})

/** The module that a file with this one query becomes. */
async function moduleOf(sql: string, head = 'FindThing :maybe'): Promise<string> {
  return formatted(`${path}.ts`, await generate(client, path, `-- name: ${head}\n${sql}`))
}

/** The fields of one of a module's interfaces, as `name: type`. */
async function fieldsOf(kind: 'Params' | 'Row', sql: string, head?: string): Promise<string[]> {
  const found = new RegExp(`interface \\w+${kind} \\{\n([^}]*)\\}`).exec(await moduleOf(sql, head))
  return (found?.[1] ?? '').trim().split(/\n\s*/)
}

describe('mistakes in a query', () => {
  it.each([
    [
      'an unknown column, at its place behind comments and parameters',
      "-- doc\nselect id -- the key\nfrom thing\nwhere note = $note and '🙂' <> $note\n  and sise = $size",
      '6:7: FindThing: column "sise" does not exist. Perhaps you meant to reference the column "thing.size".',
    ],
    [
      'a parameter of the wrong type',
      'select id from thing where size = $size::text',
      '2:33: FindThing: operator does not exist: integer = text. No operator matches the given name and argument types. You might need to add explicit type casts.',
    ],
    [
      'a parameter used with two types',
      'select id from thing where id = $key or size = $key',
      '2:46: FindThing: operator does not exist: integer = text. No operator matches the given name and argument types. You might need to add explicit type casts.',
    ],
    [
      'a parameter of which two uses want different types',
      'insert into thing (id, size) values ($key, $key) returning id',
      '2:44: FindThing: inconsistent types deduced for parameter $key. text versus integer',
    ],
    [
      'a parameter of which nothing tells the type',
      'select id from thing where $key is null',
      '1:1: FindThing: could not determine data type of parameter $key',
    ],
    [
      'several statements',
      'select id from thing; select id from thing',
      '1:1: FindThing: cannot insert multiple commands into a prepared statement',
    ],
    [
      'a literal that is not closed',
      "select 'x $y",
      '2:8: FindThing: unterminated quoted string at or near "\'x $y"',
    ],
    [
      'a comment that is not closed',
      'select 1 /* it',
      '2:10: FindThing: unterminated /* comment at or near "/* it"',
    ],
    [
      'a column without a name',
      'select id, 1 + 1 from thing',
      '1:1: FindThing: column 2 has no name',
    ],
    [
      'two columns of one name',
      'select thing.id, owner.id from thing, owner',
      '1:1: FindThing: two columns are named "id"',
    ],
    [
      'a type that it has no name for',
      'select id, point(1, 2) as at from thing',
      '1:1: FindThing: "at" is of type point, for which there is none in TypeScript',
    ],
    [
      'a column that the driver would misread',
      'select array_agg(1::bigint) as ids',
      '1:1: FindThing: the column "ids" is of type int8[]: cast it to text or unnest it',
    ],
    [
      'rows where one is promised and none can come',
      'delete from thing',
      '1:1: FindThing: is :maybe, but returns no rows',
    ],
  ])('names %s', async (_, sql, message) => {
    await expect(moduleOf(sql)).rejects.toThrow(new Error(`${path}:${message}`))
  })

  it('names an :exec that returns rows', async () => {
    await expect(moduleOf('select id from thing', 'A :exec')).rejects.toThrow(
      new Error(`${path}:1:1: A: is :exec, but returns rows`),
    )
  })

  it('leaves the connection fit for the next query', async () => {
    await expect(moduleOf('select nothing from thing')).rejects.toThrow()
    expect(await fieldsOf('Params', 'select id from thing where size = $size')).toEqual([
      'size: number',
    ])
  })
})

describe('columns', () => {
  const row = (sql: string) => fieldsOf('Row', sql)

  it('are nullable as the table says', async () => {
    expect(await row('select id, size, note from thing')).toEqual([
      'id: string',
      'size: number',
      'note: string | null',
    ])
    expect(await row(`insert into thing (id, size) values ('a', 1) returning id, note`)).toEqual([
      'id: string',
      'note: string | null',
    ])
  })

  it('keep that through subqueries and CTEs, and lose it in a union', async () => {
    expect(
      await row(
        'with t as (select id, note from thing) select s.id, note from (select * from t) s',
      ),
    ).toEqual(['id: string', 'note: string | null'])
    expect(await row('select id from thing union all select note from thing')).toEqual([
      'id: string | null',
    ])
    expect(
      await row('select id from (select id from thing union all select note from thing) t'),
    ).toEqual(['id: string | null'])
  })

  it('are nullable when they are expressions', async () => {
    expect(
      await row('select size + 1 as next, count(*) as total from thing group by size'),
    ).toEqual(['next: number | null', 'total: bigint | null'])
  })

  it('are all nullable behind an outer join and grouping sets', async () => {
    expect(
      await row('select t.id, o.name from thing t left join owner o on o.id = t.owner_id'),
    ).toEqual(['id: string | null', 'name: string | null'])
    expect(await row('select id, size from thing group by rollup (id, size)')).toEqual([
      'id: string | null',
      'size: number | null',
    ])
    expect(await row('select t.id, o.name from thing t join owner o on o.id = t.owner_id')).toEqual(
      ['id: string', 'name: string'],
    )
  })

  it('are what the mark of their alias says', async () => {
    expect(
      await row('select count(*) as "total!", min(size) as "size?", max(id) as id from thing'),
    ).toEqual(['total: bigint', 'size: number | null', 'id: string | null'])
    expect(await row('select size as "size?" from thing')).toEqual(['size: number | null'])
  })
})

describe('parameters', () => {
  const params = (sql: string) => fieldsOf('Params', sql, 'DoIt :exec')

  it('may be null with a question mark; of an array, the elements may', async () => {
    const sql = `insert into thing (id, size, note)
      select i, $size, coalesce($note?, n) from unnest($ids::text[], $notes?::text[]) as t (i, n)`
    expect(await params(sql)).toEqual([
      'size: number',
      'note: string | null',
      'ids: string[]',
      'notes: (string | null)[]',
    ])
  })

  it('take JSON as text', async () => {
    expect(await params('update every_type set j = $j, jb = $jb?')).toEqual([
      'j: string',
      'jb: string | null',
    ])
  })

  it('go out in binary where they are arrays of texts, UUIDs or int8', async () => {
    const module = await moduleOf(
      'select id from thing, every_type where id = any($ids::text[]) or i8 = any($sizes::int8[]) ' +
        'or u = any($keys::uuid[]) or i4 = any($counts::int4[]) or t = $text::text',
      'ListThings :many',
    )
    expect(module).toContain("arrays: { ids: 'text', sizes: 'int8', keys: 'uuid' },")
    expect(await moduleOf('select id from thing where size = any($sizes::int4[])')).not.toContain(
      'arrays',
    )
  })

  it('are void when there are none', async () => {
    expect(await moduleOf('delete from thing', 'DoIt :exec')).toContain(
      'export const doIt = exec<void>({',
    )
  })
})

describe('a generated module', () => {
  /** Runs it as the bundler would have it, on the real runtime. */
  function load(source: string): Record<string, (db: Client, params?: object) => Promise<unknown>> {
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.CommonJS },
    })
    const exports = {}
    const imported: Record<string, unknown> = { '../../../internal/postgres/query': query }
    new Function('exports', 'require', outputText)(exports, (name: string) => imported[name])
    return exports
  }

  it('runs, with text that a template literal would have changed', async () => {
    const { insertThings, findThing, listThings, deleteThing, countThings } = load(
      await formatted(
        'x.ts',
        await generate(
          client,
          path,
          `-- name: InsertThings :exec
insert into thing (id, size, note) select i, s, n
from unnest($ids::text[], $sizes::int[], $notes?::text[]) as t (i, s, n);
-- name: FindThing :maybe
select id, E'\\\\ \` \${id} \\n' as odd from thing where id = $id;
-- name: ListThings :many
select id, note from thing where ($size?::int is null or size = $size) order by id;
-- name: DeleteThing :exec
delete from thing where id = $id;
-- name: CountThings :one
select count(*) as "total!" from thing;`,
        ),
      ),
    )
    const things = { ids: ['a', 'b"\\{}'], sizes: [1, 2], notes: [null, 'NULL'] }
    expect(await insertThings!(client, things)).toBe(2)
    expect(await findThing!(client, { id: 'a' })).toEqual({ id: 'a', odd: '\\ ` ${id} \n' })
    expect(await findThing!(client, { id: 'z' })).toBeUndefined()
    expect(await listThings!(client, { size: null })).toEqual([
      { id: 'a', note: null },
      { id: 'b"\\{}', note: 'NULL' },
    ])
    expect(await listThings!(client, { size: 1 })).toEqual([{ id: 'a', note: null }])
    expect(await deleteThing!(client, { id: 'a' })).toBe(1)
    expect(await countThings!(client)).toEqual({ total: 1n })
  })

  it('gives and takes each type as it says', async () => {
    const columns = 'i2, i4, i8, f4, f8, n, t, v, c, u, b, at, j, jb, raw, x, many'
    const values = columns.replace(/\w+/g, '$$$&')
    const sql = `insert into every_type (${columns}, d) values (${values}, $d) returning ${columns}, d::text as d`
    const source = await moduleOf(sql, 'InsertAll :one')
    expect(source).toContain("import type { Instant } from '../../../internal/clock/instant'")
    expect(source).toContain("import type { Json } from '../../../internal/json/json'")
    const given = {
      ...{
        i2: 1,
        i4: 2,
        i8: 9007199254740993n,
        f4: 0.5,
        f8: 0.1,
        n: '12.50',
        t: 't',
        v: 'v',
        c: 'cc',
      },
      ...{ u: '01890a5d-ac96-774b-bcce-b302099a8057', b: true, at: '2026-01-31T09:30:00.120000Z' },
      ...{ raw: Buffer.from([0, 255]), x: '12', many: ['a', 'b,c'], d: '2026-01-31' },
    }
    const text = { j: '{"a": [1]}', jb: '[null]' }
    expect(await load(source).insertAll!(client, { ...given, ...text })).toEqual({
      ...given,
      ...{ j: { a: [1] }, jb: [null] },
    })
  })

  it('is formatted as the project is, however long its names', async () => {
    const long = 'a'.repeat(40)
    const sql = `-- It says */ here.\nselect $${long}::int as ${long}, $b${long}::int as b${long}, 1 as "A b"`
    const options = {
      ...(prettierConfig as object),
      parser: 'typescript',
      plugins: [estree as object, typescriptPlugin],
    }
    const source = await moduleOf(sql, `Find${'A'.repeat(50)} :one`)
    expect(await check(source, options)).toBe(true)
    expect(source).toContain("  'A b': number | null")
    expect(source).toContain('/** It says *\\/ here. */')
  })

  it('finds the runtime from wherever it stands', async () => {
    const from = async (file: string) =>
      /from '(.*)'/.exec(await generate(client, file, '-- name: A :exec\nanalyze thing'))?.[1]
    expect(await from('internal/sqlgen/a.sql')).toBe('../postgres/query')
    expect(await from('internal/postgres/a.sql')).toBe('./query')
    expect(await from('seeds/a.sql')).toBe('../internal/postgres/query')
  })
})

describe('generate', () => {
  let folder: string
  let root: string
  const put = async (file: string, text: string) => {
    await mkdir(dirname(join(root, file)), { recursive: true })
    await writeFile(join(root, file), text)
  }
  const generateAll = (check = false) => run({ databaseUrl: database.url, root, check })
  const written = [
    'pkg/item/sql/item.sql.ts',
    'internal/money/currency.gen.ts',
    'migrations/schema.sql',
    'docs/schema.md',
    'docs/openapi.json',
    'deploy/helm/tillbook/values.schema.json',
    'deploy/helm/tillbook/files/alerts.yml',
    'deploy/helm/tillbook/files/dashboard.json',
    'docs/asyncapi.json',
    'docs/order-created.schema.json',
  ]

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'generate-'))
    root = folder
    await put(
      'migrations/001-currency.sql',
      "create table currency (code text, scale int); insert into currency values ('JPY', 0), ('EUR', 2);",
    )
    await put(
      'migrations/002-item.sql',
      `create table "order" (id bigint generated always as identity, "Key" text collate "C" not null default 'a|b',
         twice int generated always as (1 + 1) stored, constraint order_pkey primary key (id));
       create table item (id text not null, order_id bigint, amount numeric(12, 2) not null,
         constraint item_pkey primary key (id),
         constraint item_amount_positive check (amount > 0),
         constraint item_order_fkey foreign key (order_id) references "order" (id) on delete cascade) with (fillfactor = 70);
       create index item_order_idx on item (order_id) where order_id is not null;
       create function keep() returns trigger language plpgsql as $$
       begin

         return null;
       end $$;
       create function cheapest() returns numeric language sql stable as 'select min(amount) from item';
       create trigger item_keep before delete on item for each row execute function keep();
       comment on table item is 'What is sold.';
       comment on column item.amount is 'It''s a price.';
       comment on constraint item_pkey on item is 'Key.';
       comment on index item_order_idx is 'Index.';
       comment on function keep() is 'Keeps.';
       comment on trigger item_keep on item is 'Trigger.';`,
    )
    await put('deploy/prometheus/alerts.yml', 'groups: []\n')
    await put('deploy/grafana/dashboard.json', '{}\n')
    await put(
      'pkg/item/sql/item.sql',
      '-- name: FindItem :maybe\nselect id, amount from item where id = $id;\n',
    )
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('writes every module and schema file, and then has nothing left to write', async () => {
    expect(await generateAll()).toEqual(written)
    expect(await generateAll()).toEqual([])
    expect(await readFile(join(root, 'internal/money/currency.gen.ts'), 'utf8')).toContain(
      '{\n  EUR: 2,\n  JPY: 0,\n}',
    )
  })

  it('lists what differs without writing when it only checks', async () => {
    expect(await generateAll(true)).toEqual(written)
    expect((await readdir(join(root, 'migrations'))).sort()).toEqual([
      '001-currency.sql',
      '002-item.sql',
    ])
    await generateAll()
    await put('pkg/item/sql/gone.sql.ts', '')
    await put('docs/schema.md', 'edited')
    expect(await generateAll(true)).toEqual(['pkg/item/sql/gone.sql.ts', 'docs/schema.md'])
  })

  it('removes the module of a file that is gone', async () => {
    await put('pkg/item/sql/gone.sql.ts', '')
    await generateAll()
    expect(await readdir(join(root, 'pkg/item/sql'))).toEqual(['item.sql', 'item.sql.ts'])
  })

  it('names the mistakes of all files, writes nothing and drops its database', async () => {
    await put('pkg/a/sql/a.sql', '-- name: A :one\nselect nothing')
    await put('seeds/b.sql', 'select 1')
    await expect(generateAll()).rejects.toThrow(
      'pkg/a/sql/a.sql:2:8: A: column "nothing" does not exist\nseeds/b.sql:1:1: there is SQL before',
    )
    expect(await readdir(root)).toEqual(['deploy', 'migrations', 'pkg', 'seeds'])
    expect(await readdir(join(root, 'deploy'))).toEqual(['grafana', 'prometheus'])
  })

  it('names the migration that fails', async () => {
    await put('migrations/003-wrong.sql', 'create tabel x ();')
    await expect(generateAll()).rejects.toThrow(
      'migrations/003-wrong.sql: syntax error at or near "tabel"',
    )
  })

  it('refuses a schema of which it would leave something out', async () => {
    await put('migrations/003-view.sql', 'create view item_view as select id from item;')
    await expect(generateAll()).rejects.toThrow(
      'schema.sql cannot describe a view public.item_view yet',
    )
  })

  it('dumps a schema that makes itself again', async () => {
    await generateAll()
    const first = await readFile(join(root, 'migrations/schema.sql'), 'utf8')
    await rm(join(root, 'migrations'), { recursive: true })
    await put('migrations/001-all.sql', first)
    await generateAll()
    expect(await readFile(join(root, 'migrations/schema.sql'), 'utf8')).toBe(first)

    for (const part of [
      '"Key" text collate "C" not null',
      'fillfactor=70',
      'always as identity',
      'stored',
      'Trigger.',
    ]) {
      expect(first).toContain(part)
    }
  })

  it('writes down who may do what, and notices when somebody may do more', async () => {
    const grants = `revoke all on function keep() from public;
      grant select, update (amount, order_id), insert on item to tillbook_api;
      grant delete on "order" to public;`
    await put('migrations/003-grant.sql', grants)
    await generateAll()
    const schema = await readFile(join(root, 'migrations/schema.sql'), 'utf8')
    expect(schema).toContain('revoke all on function keep() from public;')
    expect(schema).toContain(
      'grant select, insert, update (order_id, amount)\n  on table item to tillbook_api;',
    )
    expect(schema).toContain('grant delete\n  on table "order" to public;')
    const document = await readFile(join(root, 'docs/schema.md'), 'utf8')
    expect(document).toMatch(/\| everybody +\| table order +\| delete +\|/)
    await put('migrations/003-grant.sql', `${grants} grant delete on item to tillbook_api`)
    expect(await generateAll(true)).toEqual(['migrations/schema.sql', 'docs/schema.md'])
  })

  it('draws the tables and lists their columns', async () => {
    await generateAll()
    const document = await readFile(join(root, 'docs/schema.md'), 'utf8')
    expect(document).toContain('  order |o--o{ item : "order_id"')
    expect(document).toContain('    bigint order_id FK\n    numeric_12_2_ amount\n')
    expect(document).toMatch(/\| amount +\| numeric\(12,2\) +\| +\| +\| It's a price\. +\|/)
    expect(document).toContain("`'a\\|b'::text`")
  })

  it('finds what it wrote for this project as it would write it, whatever the server', async () => {
    root = process.cwd()
    expect(await generateAll(true)).toEqual([])
  })

  it('wrote a schema.sql for this project that makes the schema in an empty database', async () => {
    const empty = await newDatabase({ empty: true })
    const maker = new Client({ connectionString: empty.url })
    await maker.connect()
    await maker.query(await readFile('migrations/schema.sql', 'utf8'))
    await maker.query("select balance_before('nothing', now())")
    await maker.end()
    await empty.close()
  })

  it('leaves no database behind', async () => {
    const find = `select from pg_database where datname like 'tillbook\\_generate\\_%'`
    // Somebody else may be generating on this server at this moment.
    await pollUntil(async () => (await client.query(find)).rowCount === 0, {
      what: 'server without databases of generate',
    })
  })
})
