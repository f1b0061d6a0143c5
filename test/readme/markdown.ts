import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { projectFolder } from '../harness/program'

export function readText(path: string): string {
  return readFileSync(join(projectFolder, path), 'utf8')
}

const fence = /^```[^\n]*\n[\s\S]*?^```$/gm

/** The rows of all tables whose first head cell reads so; cells trimmed, without their backticks. */
export function readTable(markdown: string, firstHead: string): string[][] {
  const rows = markdown
    .split('\n')
    .map((line) => (line.startsWith('|') ? toCells(line) : undefined))
  const start = rows.findIndex((cells) => cells?.[0] === firstHead)
  if (start < 0) throw new Error(`there is no table that begins with ${firstHead}`)
  const end = rows.findIndex((cells, i) => i > start && cells === undefined)
  return rows.slice(start + 2, end < 0 ? undefined : end) as string[][]
}

function toCells(line: string): string[] {
  return line
    .slice(1, line.trimEnd().lastIndexOf('|'))
    .split('|')
    .map((cell) => cell.trim().replaceAll('`', ''))
}

/** What a document points at and what is not there: files and headings. */
export function brokenLinks(path: string): string[] {
  const text = readText(path).replace(fence, '')
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)|(?:src|href|srcset)="([^"]+)"/g)]
    .map(([, inLink, inTag]) => inLink ?? inTag ?? '')
    .filter((target) => !/^https?:/.test(target))
  return targets.filter((target) => !leadsSomewhere(path, target))
}

function leadsSomewhere(from: string, target: string): boolean {
  const [file, anchor] = target.split('#')
  const path = file ? join(dirname(from), file) : from
  if (!existsSync(join(projectFolder, path))) return false
  if (anchor === undefined) return true
  return statSync(join(projectFolder, path)).isFile() && anchorsOf(readText(path)).includes(anchor)
}

/** As GitHub makes them from headings. */
function anchorsOf(markdown: string): string[] {
  const headings = markdown.replace(fence, '').match(/^#+ .*$/gm) ?? []
  return headings.map((heading) =>
    heading
      .replace(/^#+ /, '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** Paths of the checkout that a document names in `code` or at the beginning of a line of its map. */
export function namedPaths(path: string): string[] {
  const text = readText(path)
  const maps = [...text.matchAll(/^```text\n([\s\S]*?)^```$/gm)].flatMap(
    ([, map = '']) => map.match(/^[\w./-]+\/(?=\s|$)/gm) ?? [],
  )
  const spans = [...text.replace(fence, '').matchAll(/`(\.?[\w-]+\/[\w./-]*)`/g)].map(
    ([, span = '']) => span,
  )
  // What is made when the programs run, and media types.
  return [...maps, ...spans].filter((one) => !/^(\.data|bin|application)\//.test(one))
}

export function missingPaths(path: string): string[] {
  return namedPaths(path).filter((one) => !existsSync(join(projectFolder, one)))
}
