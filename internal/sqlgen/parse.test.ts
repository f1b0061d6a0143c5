import { parse } from './parse'

const read = (source: string) => parse('pkg/thing/sql/thing.sql', source)
/** The one statement of a file that holds nothing else. */
const statement = (sql: string) => read(`-- name: FindThing :maybe\n${sql}`)[0]!

describe('the blocks of a file', () => {
  it('gives each its name, cardinality, docstring and SQL', () => {
    const blocks = read(`-- About things.

-- name: FindThing :maybe
-- One thing.
-- Or none.
select id from thing where id = $id;

-- name: DeleteThings :exec
delete from thing;
`)
    expect(blocks).toMatchObject([
      {
        statementName: 'thing.FindThing',
        name: 'FindThing',
        cardinality: 'maybe',
        doc: ['One thing.', 'Or none.'],
        text: 'select id from thing where id = $1',
      },
      {
        statementName: 'thing.DeleteThings',
        cardinality: 'exec',
        doc: [],
        text: 'delete from thing',
      },
    ])
  })

  it('reads lines that end as on Windows', () => {
    expect(read('-- name: FindThing :one\r\nselect 1\r\n  as a;\r\n')).toMatchObject([
      { cardinality: 'one', text: 'select 1\n  as a' },
    ])
  })

  it.each([
    [
      'a name used twice',
      '-- name: A :exec\ndelete from a;\n-- name: A :exec\ndelete from b;',
      '3:1: A: the name is used twice in this file',
    ],
    [
      'an unknown cardinality',
      '-- name: A :some\nselect 1',
      '1:1: A: ":some" is none of :one, :maybe, :many, :exec',
    ],
    [
      'a name line that cannot be read',
      '\n-- name: find_a\nselect 1',
      '2:1: "-- name: find_a" should read "-- name: FindThing :maybe"',
    ],
    [
      'a block without SQL',
      '-- name: A :one\n-- Only words.\n/* and more */;\n',
      '1:1: A: the block holds no SQL',
    ],
    ['a block that ends with its name', '-- name: A :one', '1:1: A: the block holds no SQL'],
    [
      'SQL before the first block',
      '-- About.\nselect 1;\n-- name: A :one\nselect 1',
      '1:1: there is SQL before the first "-- name:" line',
    ],
    [
      'a parameter that is not snake_case',
      '-- name: A :one\nselect\n  $userId',
      '3:3: A: the parameter $userId is not snake_case',
    ],
    [
      'a positional parameter',
      '-- name: A :one\nselect $1',
      '2:8: A: the parameter $1 is not snake_case',
    ],
  ])('refuses %s, and says where', (_, source, message) => {
    expect(() => read(source)).toThrow(new Error(`pkg/thing/sql/thing.sql:${message}`))
  })

  it('takes a statement name of 63 bytes and refuses one of 64', () => {
    const source = (length: number) =>
      `-- name: ${'A'.repeat(length - 'thing.'.length)} :one\nselect 1`
    expect(read(source(63))[0]!.statementName).toHaveLength(63)
    expect(() => read(source(64))).toThrow(/:1:1: A+: "thing\.A+" is longer than 63 bytes$/)
  })
})

describe('parameters', () => {
  it('numbers them as they first appear; the same name is the same parameter', () => {
    const { text, params } = statement('select $b, $a, $b')
    expect(text).toBe('select $1, $2, $1')
    expect(params.map(({ name }) => name)).toEqual(['b', 'a'])
  })

  it('takes a question mark for nullable, at any one of its uses', () => {
    const { text, params } = statement('select $a?::text, $b, $c, $c?, $d ? $e')
    expect(text).toBe('select $1::text, $2, $3, $3, $4 ? $5')
    expect(params.filter(({ nullable }) => nullable).map(({ name }) => name)).toEqual(['a', 'c'])
  })

  it.each([
    ["a literal: 'it''s $x'"],
    ["a literal with an escape: E'\\'$x' || e'\\\\'"],
    ["a literal behind a word that ends in e: date'\\'"],
    ['dollar quotes: $$ $x $$'],
    ['tagged dollar quotes: $q$ $x $$ $x $q$'],
    ['a quoted name: "$x ""$x"""'],
    ['a name with a dollar in it: cost$x'],
  ])('leaves alone what looks like one in %s', (sql) => {
    const { text, params } = statement(`select ${sql}, $y`)
    expect(text).toBe(`select ${sql}, $1`)
    expect(params).toEqual([{ name: 'y', nullable: false }])
  })
})

describe('comments', () => {
  it('are left out, with what looks like a parameter or a literal in them', () => {
    const { text, params } = statement(`/* $a */
select 1, -- it's $b
  -- $c
  2 /* $d /* $e */ ' */ as two,
  3/**/as three, $y -- the end`)
    expect(text).toBe('select 1,\n  2 as two,\n  3 as three, $1')
    expect(params.map(({ name }) => name)).toEqual(['y'])
  })

  it('are none in literals and quoted names', () => {
    const sql = `select '-- a', "/* b", $$ -- c $$`
    expect(statement(sql).text).toBe(sql)
  })
})

describe('what makes columns nullable', () => {
  it.each([
    'left join b',
    'LEFT OUTER JOIN b',
    'right\n join b',
    'natural full join b',
    'group by rollup (a)',
  ])('is %s', (sql) => {
    expect(statement(`select a from a ${sql}`).nullsColumns).toBe(true)
  })

  it.each([
    'join b',
    "where x = ' left join '",
    '-- left join',
    'order by "left join b"',
    'where left (a, 1) = b',
  ])('is not %s', (sql) => expect(statement(`select a from a ${sql}`).nullsColumns).toBe(false))

  it('is overruled by the mark of an alias, which is not sent', () => {
    const { text, marks } = statement('select a as "x!", b as "y ""z?", c as "z" order by "x!"')
    expect(text).toBe('select a as "x", b as "y ""z", c as "z" order by "x"')
    expect([...marks]).toEqual([
      ['x', '!'],
      ['y "z', '?'],
    ])
  })
})
