import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Deployment } from 'kubernetes-types/apps/v1'
import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2'
import type { Job } from 'kubernetes-types/batch/v1'
import type { ConfigMap, Service } from 'kubernetes-types/core/v1'
import type { Ingress, NetworkPolicy } from 'kubernetes-types/networking/v1'
import { loadConfig, type Config } from '../../config/config'
import { projectFolder } from '../harness/program'
import {
  containerOf,
  only,
  podsOf,
  readYamlFile,
  render,
  type Manifest,
  type Values,
} from './chart'
import { configOf, given } from './config'
import { describeWithTool } from './tool'
import { variants } from './variants'

const read = (path: string) => readFileSync(join(projectFolder, path), 'utf8')

describeWithTool('helm', 'C6: the parts of the Helm chart', (helm) => {
  let all: Manifest[]
  let plain: Manifest[]
  let simulated: Manifest[]
  beforeAll(() => {
    all = render(helm, variants['with all there is'])
    plain = render(helm)
    simulated = render(helm, { simulator: { enabled: true } })
  })

  test.each(['api', 'worker', 'simulator', 'migrate'] as const)(
    'configures the program %s as docker-compose.yml does',
    (program) => {
      const path = join(projectFolder, `config/${program}/compose.json`)
      const compose = loadConfig(program, path, { DATABASE_URL: given.DATABASE_URL })
      // How the environment is called, where the broker is, and who may ask a worker how it is: there it is differs.
      const differing: Values = {
        environment: program === 'simulator' ? 'test' : 'production',
        ...(program === 'worker' && {
          http: { ...configOf(simulated, 'worker').http, host: '0.0.0.0', port: 8081 },
          broker: { ...(compose as Config<'worker'>).broker, url: undefined },
        }),
      }
      const chart = JSON.stringify(configOf(simulated, program))
      expect(JSON.parse(chart.replaceAll('http://shop-tillbook-', 'http://'))).toEqual({
        ...compose,
        ...differing,
      })
    },
  )

  test('asks the services where they are, and the simulator for the rest', () => {
    const { upstreams } = configOf(all, 'worker')
    expect([upstreams.user.url, upstreams.product.url, upstreams.reservation.url]).toEqual([
      'http://users.example.com',
      'https://products.example.com:8443/v1',
      'http://shop-tillbook-simulator:8090',
    ])
    expect(only<Service>(all, 'Service', 'simulator').spec!.ports).toMatchObject([{ port: 8090 }])
    expect(configOf(plain, 'worker').upstreams.user.url).toBeUndefined()
  })

  test('migrates before anything else of it is there', () => {
    const hooks = [only(plain, 'ConfigMap', 'migrate'), only(plain, 'Job', 'migrate')].map(
      ({ metadata }) => metadata.annotations!,
    )
    const [config, job] = hooks
    for (const hook of hooks) {
      expect(hook).toMatchObject({
        'helm.sh/hook': 'pre-install,pre-upgrade',
        'helm.sh/hook-delete-policy': 'before-hook-creation',
      })
    }
    expect(Number(config!['helm.sh/hook-weight'])).toBeLessThan(Number(job!['helm.sh/hook-weight']))
    // Hooks before an installation see nothing of what is installed.
    const { spec } = only<Job>(plain, 'Job', 'migrate').spec!.template
    expect(spec!.serviceAccountName).toBeUndefined()
  })

  test('gives the API more memory than its heap may take, and asks for what it takes', () => {
    const [, heap] = /--max-old-space-size=(\d+)/.exec(read('scripts/build.mjs'))!
    const { requests, limits } = containerOf(podsOf(plain).api!).resources!
    const mebibytes = (amount = '') => Number(/^(\d+)Mi$/.exec(amount)?.[1])
    expect(mebibytes(limits!.memory)).toBeGreaterThanOrEqual(Number(heap) + 128)
    expect(mebibytes(requests!.memory)).toBeGreaterThanOrEqual(200)
    expect(limits!.cpu).toBeUndefined()
  })

  test('replaces pods when their configuration changes, and no others', () => {
    const changed = render(helm, { worker: { config: { log: { level: 'debug' } } } })
    const sums = (manifests: Manifest[], program: string) =>
      podsOf(manifests)[program]!.metadata!.annotations!['checksum/config']
    expect(sums(changed, 'api')).toBe(sums(plain, 'api'))
    expect(sums(changed, 'worker')).not.toBe(sums(plain, 'worker'))
  })

  test('leaves the number of pods to the autoscaler where there is one', () => {
    expect(only<Deployment>(plain, 'Deployment', 'api').spec!.replicas).toBe(2)
    const deployment = only<Deployment>(all, 'Deployment', 'api')
    expect(deployment.spec!.replicas).toBeUndefined()
    const { spec } = only<HorizontalPodAutoscaler>(all, 'HorizontalPodAutoscaler')
    const { apiVersion, kind, metadata } = deployment
    expect(spec!.scaleTargetRef).toEqual({ apiVersion, kind, name: metadata!.name })
  })

  test('leads each Ingress to a port of the API', () => {
    const { ports } = only<Service>(all, 'Service', 'api').spec!
    for (const [name, port] of Object.entries({ rest: 'http', grpc: 'grpc' })) {
      const { rules } = only<Ingress>(all, 'Ingress', name).spec!
      expect(rules![0]!.http!.paths[0]!.backend.service).toEqual({
        name: 'shop-tillbook-api',
        port: { name: port },
      })
      expect(ports!.map((one) => one.name)).toContain(port)
    }
  })

  test('shows who calls where calls come from outside', () => {
    expect(only<Service>(all, 'Service', 'api').spec!.externalTrafficPolicy).toBe('Local')
    expect(only<Service>(plain, 'Service', 'api').spec!.externalTrafficPolicy).toBeUndefined()
  })

  test('tells which version runs, as a label may', () => {
    const tagged = render(helm, { image: { tag: `_${'1.'.repeat(40)}` } })
    const labelled = (manifests: Manifest[]) =>
      podsOf(manifests).api!.metadata!.labels!['app.kubernetes.io/version']
    expect(labelled(tagged)).toBe(`${'1.'.repeat(30)}1`)
    expect(labelled(plain)).toBe(containerOf(podsOf(plain).api!).image!.split(':')[1])
  })

  test('closes what a policy does not open', () => {
    const closed = render(helm, variants['with policies that let nobody in'])
    expect(only<NetworkPolicy>(closed, 'NetworkPolicy', 'worker').spec).toMatchObject({
      policyTypes: ['Ingress'],
      ingress: [],
    })
    const { spec } = only<NetworkPolicy>(all, 'NetworkPolicy', 'worker')
    expect(spec!.policyTypes).toEqual(['Ingress', 'Egress'])
    expect(spec!.egress).toHaveLength(3)
    const { ingress } = only<NetworkPolicy>(all, 'NetworkPolicy', 'api').spec!
    const named = ingress![0]!.from!.map(({ podSelector }) => podSelector!.matchLabels)
    const { metadata } = only(all, 'Pod', 'test')
    expect(named).toEqual([{ app: 'gateway' }, expect.anything()])
    expect(metadata.labels).toMatchObject(named[1]!)
  })

  test('hands on the dashboard and the alarms as they are', () => {
    const { data } = only<ConfigMap>(all, 'ConfigMap', 'dashboard')
    expect(JSON.parse(data!['tillbook.json']!)).toEqual(
      JSON.parse(read('deploy/grafana/dashboard.json')),
    )
    const { spec } = only<{ spec: unknown }>(all, 'PrometheusRule')
    expect(spec).toEqual(readYamlFile('deploy/prometheus/alerts.yml'))
    const relabelled = all
      .filter(({ kind }) => kind === 'PodMonitor')
      .map((one) => JSON.stringify(one))
    expect(relabelled.join()).toMatch(/"tillbook-api".*"tillbook-worker"/)
  })
})
