import { join } from 'node:path'
import ts from 'typescript'
import { projectFolder } from '../harness/program'
import type { Manifest } from './chart'

/** Where kubernetes-types has the objects of an API. */
const modules: Record<string, string> = {
  v1: 'core/v1',
  'apps/v1': 'apps/v1',
  'batch/v1': 'batch/v1',
  'autoscaling/v2': 'autoscaling/v2',
  'networking.k8s.io/v1': 'networking/v1',
  'policy/v1': 'policy/v1',
}

/** Those of the Prometheus operator, which it does not have. */
const extension = 'monitoring.coreos.com/v1'

/**
 * What is wrong with objects by the types of Kubernetes itself: an API or a field that there is not, or one that is
 * of another type. The compiler says it, which looks for unknown fields in what is written out.
 */
export function findMistakes(manifests: Manifest[]): string[] {
  const known = manifests.filter(({ apiVersion }) => modules[apiVersion])
  const declarations = known.map((one, i) => {
    const type = `import('kubernetes-types/${modules[one.apiVersion]}').${one.kind}`
    return `export const object${i}: ${type} = ${JSON.stringify(one)}`
  })
  const text = declarations.join('\n')
  const unknown = manifests
    .filter((one) => !modules[one.apiVersion] && one.apiVersion !== extension)
    .map((one) => `${one.kind} ${one.metadata.name}: there is no API ${one.apiVersion}`)
  const mistaken = compile(text).map(({ messageText, start = 0 }) => {
    const line = text.slice(0, start).split('\n').length - 1
    const { kind, metadata } = known[line]!
    return `${kind} ${metadata.name}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
  return [...unknown, ...mistaken]
}

/** Below the project, so that its packages are found; nothing is written. */
const path = join(projectFolder, 'test/deploy/rendered.ts')

function compile(text: string): readonly ts.Diagnostic[] {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    types: [],
    lib: ['lib.es5.d.ts'],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
  }
  const host = ts.createCompilerHost(options)
  const onDisk = host.getSourceFile.bind(host)
  host.getSourceFile = (name, version) =>
    name === path ? ts.createSourceFile(name, text, version) : onDisk(name, version)
  const program = ts.createProgram([path], options, host)
  const file = program.getSourceFile(path)
  return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
}
