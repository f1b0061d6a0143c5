import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { projectFolder } from '../harness/program'
import { readTable, readText } from './markdown'

const namesIn = (folder: string) => readdirSync(join(projectFolder, folder)).sort()

test('docs/README.md lists every document', () => {
  const listed = readText('docs/README.md')
  const documents = namesIn('docs').filter((name) => /\.(md|json)$/.test(name))
  const plans = namesIn('docs/plans').map((name) => `plans/${name}/README.md`)
  const wanted = [...documents.filter((name) => name !== 'README.md'), ...plans, 'adr/README.md']
  expect(wanted.filter((name) => !listed.includes(`](${name})`))).toEqual([])
})

test('every picture is shown somewhere, with words for those who do not see it', () => {
  const documents = readdirSync(join(projectFolder, 'docs'), { recursive: true, encoding: 'utf8' })
  const text = ['README.md', ...documents.map((name) => `docs/${name}`)]
    .filter((name) => name.endsWith('.md'))
    .map(readText)
    .join('\n')
  const unseen = namesIn('docs/images').filter(
    // A large one is linked, to be looked at by itself.
    (name) => !new RegExp(`\\[[^\\]]{10,}\\]\\([^)]*images/${name}\\)`).test(text),
  )
  expect(unseen).toEqual([])
})

test('decisions are numbered without a gap, and listed with their numbers', () => {
  const files = namesIn('docs/adr').filter((name) => name !== 'README.md')
  const numbers = files.map((name) => Number(name.slice(0, 4)))
  expect(numbers).toEqual(files.map((_, i) => i + 1))
  const titled = files.map((name) => /^# (\d+)\. \S/.exec(readText(`docs/adr/${name}`))?.[1])
  expect(titled).toEqual(numbers.map(String))
  const listed = readTable(readText('docs/adr/README.md'), '').map(([link]) => link)
  expect(listed).toEqual(files.map((name, i) => `[${i + 1}](${name})`))
})
