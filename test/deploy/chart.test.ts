import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Pod, PodTemplateSpec, Service } from 'kubernetes-types/core/v1'
import type { Program } from '../../config/config'
import { withEnvironment } from '../../config/environment'
import { projectFolder } from '../harness/program'
import {
  chartFolder,
  containerOf,
  envOf,
  fileOf,
  only,
  podsOf,
  readYamlFile,
  render,
  type Manifest,
} from './chart'
import { configOf, given } from './config'
import { findMistakes } from './kubernetes'
import { describeWithTool } from './tool'
import { variants } from './variants'

const read = (path: string) => readFileSync(join(projectFolder, path), 'utf8')

/** Node's own variable, which no program of ours looks at. */
const isOfNode = (name: string) => name === 'NODE_EXTRA_CA_CERTS'

test('the version of the chart is that of the programs', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string }
  expect(readYamlFile('deploy/helm/tillbook/Chart.yaml')).toMatchObject({ appVersion: version })
})

describeWithTool('helm', 'C6: the Helm chart', (helm) => {
  test('is one that Helm finds nothing to complain of', () => {
    const said = execFileSync(helm, ['lint', '--strict', '--quiet', chartFolder], { stdio: 'pipe' })
    expect(String(said)).not.toMatch(/ERROR|WARNING/)
  })

  test('renders objects that Kubernetes knows', () => {
    const manifests = Object.values(variants).flatMap((values) => render(helm, values))
    expect(findMistakes(manifests)).toEqual([])
  })

  test('would be told of objects that Kubernetes does not know', () => {
    const { metadata } = only(render(helm), 'Service', 'api')
    const broken = [
      { apiVersion: 'apps/v0', kind: 'Deployment', metadata },
      { apiVersion: 'v1', kind: 'Service', metadata, spec: { port: [] } },
      { apiVersion: 'v1', kind: 'Service', metadata, spec: { type: 1 } },
    ]
    expect(findMistakes(broken)).toEqual([
      'Deployment shop-tillbook-api: there is no API apps/v0',
      expect.stringMatching(/^Service shop-tillbook-api: .*'"port"' does not exist/),
      expect.stringMatching(/^Service shop-tillbook-api: Type 'number' is not assignable/),
    ])
  })

  describe.each(Object.entries(variants))('%s', (_name, values) => {
    let manifests: Manifest[]
    let pods: [string, PodTemplateSpec][]
    beforeAll(() => {
      manifests = render(helm, values)
      pods = Object.entries(podsOf(manifests))
    })

    test('renders each object once, into the namespace of the release', () => {
      const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
      expect(new Set(names).size).toBe(names.length)
      const elsewhere = manifests.filter(({ metadata }) => metadata.namespace !== 'market')
      expect(elsewhere).toEqual([])
    })

    test('runs programs that the image has, with configurations that they take', () => {
      const [, programs = ''] =
        /^RUN node scripts\/build\.mjs (.*)$/m.exec(read('Dockerfile')) ?? []
      expect(read('Dockerfile')).toMatch(/^WORKDIR \/tillbook$/m)
      for (const [program, pod] of pods) {
        expect(programs.split(' ')).toContain(program)
        expect(containerOf(pod).command).toEqual([
          `/tillbook/bin/tillbook-${program}`,
          `/etc/tillbook/${program}.json`,
        ])
        const { environment } = configOf(manifests, program as Program)
        expect(environment).toBe(program === 'simulator' ? 'test' : 'production')
      }
    })

    test('sets only variables that the program looks at', () => {
      for (const [program, pod] of pods) {
        const file: unknown = JSON.parse(fileOf(manifests, pod))
        for (const { name } of envOf(pod).filter((one) => !isOfNode(one.name))) {
          const { names } = withEnvironment(program as Program, file, { [name]: given[name] })
          expect({ program, name, from: Object.values(names) }).toEqual({
            program,
            name,
            from: [name],
          })
        }
      }
    })

    test('opens the ports that the programs listen on', () => {
      for (const [program, pod] of pods) {
        const config = configOf(manifests, program as Program)
        const listening = [
          'http' in config && { name: 'http', ...config.http },
          'rpc' in config && config.rpc && { name: 'grpc', ...config.rpc },
        ].flatMap((at) => (at ? [{ name: at.name, containerPort: at.port, host: at.host }] : []))
        const open = (containerOf(pod).ports ?? []).map((port) => ({ ...port, host: '0.0.0.0' }))
        expect({ program, open }).toEqual({ program, open: listening })
      }
      for (const { spec } of manifests.filter(({ kind }) => kind === 'Service') as Service[]) {
        const [, pod] = pods.find(([, { metadata }]) => matches(spec!.selector, metadata))!
        const names = containerOf(pod).ports!.map(({ name }) => name)
        expect(spec!.ports!.map(({ targetPort }) => targetPort)).toEqual(names)
      }
    })

    test('lets no pod do what it does not need', () => {
      for (const pod of [...pods.map(([, one]) => one), only<Pod>(manifests, 'Pod', 'test')]) {
        expect(pod.spec).toMatchObject({
          automountServiceAccountToken: false,
          // A Service named rpc would else be what RPC_PORT says.
          enableServiceLinks: false,
          securityContext: { runAsNonRoot: true, runAsUser: 1000 },
        })
        expect(containerOf(pod).securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        })
      }
    })

    test('gives the login of the owner to the migrations alone', () => {
      const secrets = Object.fromEntries(
        pods.map(([program, pod]) => {
          const from = envOf(pod).find(({ name }) => name === 'DATABASE_URL')?.valueFrom
          return [program, from?.secretKeyRef]
        }),
      )
      const app = { name: 'tillbook-database', key: 'url' }
      const hasMigration = 'migrate' in secrets
      expect(secrets).toEqual({
        api: app,
        worker: app,
        ...(hasMigration && { migrate: { name: 'tillbook-owner', key: 'url' } }),
        ...('simulator' in secrets && { simulator: undefined }),
      })
      expect(JSON.stringify(manifests)).not.toMatch(/(postgres|amqp|redis)s?:\/\//)
    })

    test('selects the pods of one program with each selector', () => {
      const selectors = manifests.flatMap(({ kind, ...one }) => {
        const { spec } = one as unknown as { spec: Record<string, { matchLabels: Labels }> }
        if (kind === 'Service') return [spec.selector as unknown as Labels]
        if (kind === 'NetworkPolicy') return [spec.podSelector!.matchLabels]
        const selecting = ['Deployment', 'PodDisruptionBudget', 'PodMonitor']
        return selecting.includes(kind) ? [spec.selector!.matchLabels] : []
      })
      expect(selectors.length).toBeGreaterThanOrEqual(4)
      for (const selector of selectors) {
        expect(pods.filter(([, { metadata }]) => matches(selector, metadata))).toHaveLength(1)
      }
    })

    test('leaves each pod the time that its program may take to stop', () => {
      for (const program of ['api', 'worker'] as const) {
        const { spec } = podsOf(manifests)[program]!
        const { http } = configOf(manifests, program)
        const { sleep } = containerOf(podsOf(manifests)[program]!).lifecycle?.preStop ?? {}
        const takesMs =
          ((sleep as { seconds: number })?.seconds ?? 0) * 1000 + http.shutdown_timeout_ms
        expect(spec!.terminationGracePeriodSeconds! * 1000).toBeGreaterThanOrEqual(takesMs + 4000)
      }
    })
  })
})

type Labels = Record<string, string> | undefined

function matches(selector: Labels, metadata: { labels?: Labels } | undefined): boolean {
  const labels = metadata?.labels ?? {}
  return Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value)
}
