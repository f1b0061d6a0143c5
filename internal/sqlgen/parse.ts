/** One `-- name: …` block of a file. */
export type Block = ReturnType<typeof parseBlock>

/** Reads the blocks of a file; `path` is relative to the project. */
export function parse(path: string, content: string): Block[] {
  const source = content.replaceAll('\r\n', '\n')
  const starts = [...source.matchAll(/^-- name:/gm)].map(({ index }) => index)
  const early = /^\s*(?!--)\S/m.test(source.slice(0, starts[0]))
  if (early) throw new Error(`${path}:1:1: there is SQL before the first "-- name:" line`)
  const blocks = starts.map((start, i) => parseBlock(path, source.slice(0, starts[i + 1]), start))
  const twice = blocks.find(({ name }, i) => blocks.findIndex((one) => one.name === name) < i)
  if (twice) throw twice.mistake('the name is used twice in this file')
  return blocks
}

function parseBlock(path: string, source: string, start: number) {
  const sql = source.slice(start)
  const [, head = '', ...doc] = /^--.*(?:\n--.*)*/.exec(sql)![0].split(/(?:^|\n)-- ?/)
  const [, name, ending = ''] = /^name: ([A-Z][A-Za-z0-9]*) :(\w+)\s*$/.exec(head) ?? []
  // Names file, line, column and query; the index counts in the padded statement.
  const mistake = (message: string, index = 0) => {
    const before = source.slice(0, start + index).split('\n')
    const place = `${path}:${before.length}:${before.at(-1)!.length + 1}`
    return new Error([place, name, message].filter(Boolean).join(': '))
  }
  if (!name) throw mistake(`"-- ${head}" should read "-- name: FindThing :maybe"`)
  const cardinality = (['one', 'maybe', 'many', 'exec'] as const).find((one) => one === ending)
  if (!cardinality) throw mistake(`":${ending}" is none of :one, :maybe, :many, :exec`)
  const statementName = `${path.replace(/^.*\/|\.sql$/g, '')}.${name}`
  // PostgreSQL cuts names off there, after which two of them may be the same.
  const tooLong = Buffer.byteLength(statementName) > 63
  if (tooLong) throw mistake(`"${statementName}" is longer than 63 bytes`)
  const statement = scan(sql, mistake)
  if (!statement.text) throw mistake('the block holds no SQL')
  return { ...statement, name, statementName, cardinality, doc, mistake }
}

// Each alternative takes a whole lexical element, so that a $ inside of one is never looked at.
// Comments may hold comments, but those no others: a regular expression cannot count.
const element = new RegExp(
  [
    String.raw`\s*(?:--.*|\/\*(?:\/\*(?:(?!\*\/)[^])*\*\/|(?!\/\*|\*\/)[^])*\*\/)(?=(?<behind>\S?))`,
    String.raw`(?<literal>[eE]'(?:[^'\\]|\\[^]|'')*'|'[^']*'|\$(?<tag>[A-Za-z_]\w*)?\$[^]*?\$\k<tag>\$)`,
    String.raw`"(?<alias>(?:[^"]|"")*?)(?<mark>[!?]?)"(?!")`,
    String.raw`\$(?<param>\w+)(?<question>\??)`,
    String.raw`[\w\x80-\uffff][\w$\x80-\uffff]*|[^]`,
  ].join('|'),
  'g',
)
const outer = /\b(?:left|right|full)\s+(?:outer\s+)?join\b|\b(?:rollup|cube|grouping\s+sets)\b/i

/** Reads one statement, which the server gets without comments and with `$1` for `$name`. */
function scan(sql: string, mistake: (message: string, index: number) => Error) {
  const nullable = new Map<string, boolean>()
  const marks = new Map<string, string>()
  let [text, padded, code] = ['', '', '']
  for (const { 0: piece, index, groups } of sql.matchAll(element)) {
    const { behind, literal, alias, mark, param, question } = groups!
    let sent = behind === undefined ? piece : behind && ' '
    if (mark) marks.set(alias!.replaceAll('""', '"'), mark)
    if (mark) sent = `"${alias}"`
    if (param) {
      if (/^\d|[A-Z]/.test(param)) throw mistake(`the parameter $${param} is not snake_case`, index)
      nullable.set(param, nullable.get(param) || question === '?')
      sent = `$${[...nullable.keys()].indexOf(param) + 1}`
    }
    text += sent
    padded += sent.padEnd(piece.length)
    code += (literal ?? alias) === undefined ? sent : ' '
  }
  return {
    text: text.replace(/^\s+|[\s;]+$/g, ''),
    /** The text again, with each piece at its place in the source. */
    padded,
    /** What stands behind $1, $2, …; `$name?` may be null. */
    params: [...nullable].map(([name, nullable]) => ({ name, nullable })),
    /** What an alias says of its column: `"total!"` is never null, `"total?"` may be. */
    marks,
    /** Whether a column may be null although its table says otherwise. */
    nullsColumns: outer.test(code),
  }
}
