/** CSV as RFC 4180 has it, strictly: each row by the names of the header. Throws when it is none. */
export function readCsv(text: string): Record<string, string>[] {
  const [header, ...rows] = readRows(text)
  if (!header) throw new Error('there is no header')
  return rows.map((cells, i) => {
    if (cells.length !== header.length) throw new Error(`row ${i + 1} has ${cells.length} cells`)
    return Object.fromEntries(header.map((name, column) => [name, cells[column]!]))
  })
}

function readRows(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  // A cell and what ends it: quoted, with quotes doubled, or without any of the special characters.
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y
  while (cell.lastIndex < text.length) {
    const at = cell.lastIndex
    const match = cell.exec(text)
    if (!match)
      throw new Error(`this is no CSV from character ${at} on: ${text.slice(at, at + 40)}`)
    row.push(match[1]?.replaceAll('""', '"') ?? match[2]!)
    if (match[3] === ',') continue
    rows.push(row)
    row = []
  }
  return rows
}
