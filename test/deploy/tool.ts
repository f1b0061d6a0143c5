import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describeNeeding, isCi } from '../harness/describe'
import { projectFolder } from '../harness/program'

/** Programs of others that the tests run where they are installed, and those that CI fetches. */
const tools = {
  helm: {
    fetchedBy: 'scripts/fetch-helm.mjs',
    fetched: join(projectFolder, 'node_modules/.cache/helm/helm'),
  },
  terraform: undefined,
} as const

export type Tool = keyof typeof tools

/** Where a tool is; undefined when it is nowhere. */
function find(tool: Tool): string | undefined {
  const fetched = tools[tool]?.fetched
  if (fetched && existsSync(fetched)) return fetched
  try {
    execFileSync(tool, ['version'], { stdio: 'ignore' })
    return tool
  } catch {
    return undefined
  }
}

/**
 * `describe` for what needs a tool, which is handed to it; skipped where there is none, and failed when CI=true
 * should have fetched it.
 */
export function describeWithTool(tool: Tool, name: string, suite: (file: string) => void): void {
  const file = find(tool)
  const fetchedBy = tools[tool]?.fetchedBy
  const isThereInCi = fetchedBy !== undefined
  const missing = `${tool} is not installed${fetchedBy ? `, and node ${fetchedBy} was not run` : ''}`
  const why = file ? null : missing
  if (why && !(isThereInCi && isCi())) {
    process.stderr.write(`\n*** ${name}: SKIPPED, because ${why}\n\n`)
  }
  describeNeeding({ why, needs: tool, isThereInCi }, name, () => suite(file ?? tool))
}
