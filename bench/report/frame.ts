import type { CpuProfile } from './flame'
import { ground, type Colour } from './palette'

/** Whose code a function is. */
export type Kind = 'own' | 'express' | 'pg' | 'zod' | 'package' | 'node' | 'gc' | 'left out'

export interface Frame {
  /** The function and, behind a space, where it stands. */
  name: string
  kind: Kind
}

export const kinds: Record<Kind, { label: string; colour: Colour }> = {
  own: { label: 'Tillbook', colour: '#80ccff' },
  express: { label: 'Express and its router', colour: '#ffb77c' },
  pg: { label: 'PostgreSQL driver', colour: '#7ee2a8' },
  zod: { label: 'zod', colour: '#d8b9ff' },
  package: { label: 'other packages', colour: '#f0d060' },
  node: { label: 'Node: sockets, HTTP, timers', colour: '#d0d7de' },
  gc: { label: 'garbage collection', colour: '#ff9a9a' },
  'left out': { label: '', colour: ground },
}

const expressPackages = new Set([
  ...['express', 'router', 'finalhandler', 'send', 'qs', 'parseurl', 'path-to-regexp'],
  ...['accepts', 'type-is', 'vary', 'fresh', 'etag', 'on-finished', 'content-type'],
])
const pgPackages = /^pg($|-)|^postgres-/
const startUp =
  /node:internal\/(main|modules|process\/pre_execution)|run_main|node:internal\/bootstrap/

type Node = CpuProfile['nodes'][number]

/**
 * Names the functions of a profile. Those of the bundle are found by the comment that esbuild puts above
 * the code of each file: `// pkg/transaction/decide.ts`.
 */
export function frameNamer(bundle: string, content: string): (node: Node) => Frame {
  const files: string[] = []
  let file = bundle
  for (const text of content.split('\n')) {
    file = /^\/\/ ([\w@./-]+\.[cm]?[jt]s)$/.exec(text)?.[1] ?? file
    files.push(file)
  }
  const program = bundle.split('/').at(-1)!
  return ({ callFrame: { functionName, url, lineNumber } }) => {
    const own = functionName || '(anonymous)'
    if (own === '(garbage collector)') return { name: own, kind: 'gc' }
    if (own === '(idle)' || own === '(program)') return { name: own, kind: 'left out' }
    if (startUp.test(url)) return { name: own, kind: 'left out' }
    if (url === '' || url.startsWith('node:')) return { name: `${own} ${url}`.trim(), kind: 'node' }
    const place = url.endsWith(`/${program}`) ? files[lineNumber]! : url
    const packageName = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(place)?.[1]
    const label = packageName ?? place
    // esbuild tells functions of one name apart by a number.
    const name = own === '(anonymous)' ? label.split('/').at(-1)! : own.replace(/(?<=[a-z])\d$/, '')
    return { name: `${name} ${label}`, kind: kindOf(packageName) }
  }
}

function kindOf(packageName: string | undefined): Kind {
  if (packageName === undefined) return 'own'
  if (expressPackages.has(packageName)) return 'express'
  if (pgPackages.test(packageName)) return 'pg'
  return packageName === 'zod' ? 'zod' : 'package'
}
