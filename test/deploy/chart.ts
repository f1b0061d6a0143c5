import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConfigMap, Container, EnvVar, PodTemplateSpec } from 'kubernetes-types/core/v1'
import type { Deployment } from 'kubernetes-types/apps/v1'
import type { Job } from 'kubernetes-types/batch/v1'
import type { ObjectMeta } from 'kubernetes-types/meta/v1'
import { parse, parseAllDocuments } from 'yaml'
import { projectFolder } from '../harness/program'

export const chartFolder = join(projectFolder, 'deploy/helm/tillbook')

/** Any object of Kubernetes. */
export interface Manifest {
  apiVersion: string
  kind: string
  metadata: ObjectMeta & { name: string }
}

export type Values = Record<string, unknown>

/**
 * What Helm makes of the chart with some values, and those of files of the project on top, as the release
 * `shop`. Throws with Helm's words.
 */
export function render(helm: string, values: Values = {}, ...files: string[]): Manifest[] {
  const given = ['-', ...files.map((file) => join(projectFolder, file))]
  const options = given.flatMap((file) => ['--values', file])
  const args = ['template', 'shop', chartFolder, '--namespace', 'market', ...options]
  const text = execFileSync(helm, args, {
    input: JSON.stringify(values),
    encoding: 'utf8',
    stdio: 'pipe',
  })
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors[0]) throw document.errors[0]
    const manifest = document.toJS() as Manifest | null
    return manifest ? [manifest] : []
  })
}

/** The only object of a kind, or the one of that kind and name. */
export function only<T = Manifest>(manifests: Manifest[], kind: string, name?: string): T {
  const found = manifests.filter(
    (one) => one.kind === kind && (!name || one.metadata.name === `shop-tillbook-${name}`),
  )
  expect(found.map(({ metadata }) => metadata.name)).toHaveLength(1)
  return found[0] as T
}

/** The pods that run a program of Tillbook, by the program. */
export function podsOf(manifests: Manifest[]): Record<string, PodTemplateSpec> {
  const running = manifests.filter(({ kind }) => ['Deployment', 'Job'].includes(kind))
  return Object.fromEntries(
    running.map((one) => {
      const { template } = (one as Deployment | Job).spec!
      return [containerOf(template).name, template]
    }),
  )
}

export function containerOf({ spec }: PodTemplateSpec): Container {
  expect(spec!.containers).toHaveLength(1)
  return spec!.containers[0]!
}

export function envOf(pod: PodTemplateSpec): EnvVar[] {
  return containerOf(pod).env ?? []
}

/** The file that a program is given, as its pod mounts it; fails when the pod has no such file. */
export function fileOf(manifests: Manifest[], pod: PodTemplateSpec): string {
  const { command = [], volumeMounts = [] } = containerOf(pod)
  const mount = volumeMounts.find(({ mountPath }) => command[1]!.startsWith(`${mountPath}/`))!
  const volume = pod.spec!.volumes!.find(({ name }) => name === mount.name)!
  const map = manifests.find(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === volume.configMap!.name,
  ) as ConfigMap | undefined
  const text = map?.data?.[command[1]!.slice(mount.mountPath.length + 1)]
  if (text === undefined) throw new Error(`nothing is mounted at ${command[1]}`)
  return text
}

export function readYamlFile(path: string): unknown {
  return parse(readFileSync(join(projectFolder, path), 'utf8'))
}
