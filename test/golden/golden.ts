import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Compares with a file that is kept: what clients have seen does not change by accident. After a
 * change that is meant, `GOLDEN=write` writes the files anew, to be read in the difference.
 */
export function expectGolden(name: string, value: unknown): void {
  const file = join(__dirname, `${name}.json`)
  const text = `${JSON.stringify(value, null, 2)}\n`
  if (process.env.GOLDEN === 'write') {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  expect(text).toBe(readFileSync(file, 'utf8'))
}
