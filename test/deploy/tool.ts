import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { projectFolder } from '../harness/program'

/** Programs of others that the tests run where they are installed. */
const tools = {
  // scripts/fetch-helm.mjs puts it there.
  helm: { fetched: join(projectFolder, 'node_modules/.cache/helm/helm'), isFetchedByCi: true },
  terraform: { fetched: undefined, isFetchedByCi: false },
} as const

export type Tool = keyof typeof tools

/** Where a tool is; undefined when it is nowhere. */
function find(tool: Tool): string | undefined {
  const { fetched } = tools[tool]
  if (fetched && existsSync(fetched)) return fetched
  try {
    execFileSync(tool, ['version'], { stdio: 'ignore' })
    return tool
  } catch {
    return undefined
  }
}

/** `describe` for what needs a tool: skipped where it is not installed; failed when CI=true could have fetched it. */
export function describeWithTool(tool: Tool, name: string, suite: (file: string) => void): void {
  const file = find(tool)
  if (file) return describe(name, () => suite(file))
  if (tools[tool].isFetchedByCi && process.env.CI === 'true') {
    test(name, () => {
      throw new Error(`${tool} is not installed`)
    })
    return
  }
  process.stderr.write(`\n*** ${name}: SKIPPED, because ${tool} is not installed\n\n`)
  describe.skip(`${name} (needs ${tool})`, () => suite(tool))
}
