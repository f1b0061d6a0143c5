import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Service } from 'kubernetes-types/core/v1'
import { projectFolder } from '../harness/program'
import { only, readYamlFile, render, type Values } from './chart'
import { describeWithTool } from './tool'

const moduleFolder = join(projectFolder, 'deploy/terraform')
const read = (name: string) => readFileSync(join(moduleFolder, name), 'utf8')
const example = 'deploy/terraform/examples/cluster/values.yaml'

const image = { repository: 'registry.example.com/tillbook' }
const urls = {
  database: 'postgres://app:secret@db/tillbook',
  owner: 'postgres://owner:secret@db/tillbook',
  broker: 'amqps://broker',
  redis: 'rediss://redis',
}
const write = { write: true }
const given: Record<string, Values> = {
  'as little as can be': { image },
  'all there is': {
    image: { ...image, tag: '1.2.3', digest: `sha256:${'0a'.repeat(32)}` },
    namespace: 'market',
    release: 'shop',
    secrets: { database: write, owner: { ...write, key: 'owner' }, broker: write, redis: write },
    urls,
    urls_revision: 2,
    upstreams: { user: 'http://users:8080', product: 'https://products.example.com/v1' },
    api_replicas: 4,
    worker_replicas: 3,
    values: ['{"simulator": {"enabled": true}}'],
    timeout_seconds: 60,
  },
}

/** The keys of an object and of those in it, as `a.b.c`; one that is empty ends there. */
function pathsIn(value: unknown, before = ''): string[] {
  if (typeof value !== 'object' || value === null) return [before]
  if (Object.keys(value).length === 0) return [before]
  return Object.entries(value).flatMap(([key, inner]) =>
    pathsIn(inner, before ? `${before}.${key}` : key),
  )
}

test('C6: each variable and output of the Terraform module says what it is', () => {
  for (const name of ['variables.tf', 'outputs.tf']) {
    const blocks = read(name).split(/^(?=variable|output)/m)
    expect(blocks.length).toBeGreaterThan(3)
    for (const block of blocks) expect(block).toMatch(/^ {2}description\s+= (".{10,}"|<<-EOT)$/m)
  }
})

describeWithTool('terraform', 'C6: the Terraform module', (terraform) => {
  let folder: string
  // What the chart is given needs no provider, so that Terraform itself can tell it.
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tillbook-terraform-'))
    for (const name of ['variables.tf', 'values.tf']) {
      copyFileSync(join(moduleFolder, name), join(folder, name))
    }
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function evaluate(expression: string, { urls = {}, ...variables }: Values) {
    writeFileSync(join(folder, 'terraform.tfvars.json'), JSON.stringify(variables))
    // Of a file, Terraform would show the line with the password in it.
    const secret = { TF_VAR_urls: JSON.stringify(urls) }
    const { stdout, stderr } = spawnSync(terraform, ['console', '-no-color'], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, CHECKPOINT_DISABLE: '1', ...secret },
      input: expression,
      encoding: 'utf8',
    })
    // Without the frame around it, and the ends of its lines.
    return { output: stdout, said: stderr.replaceAll(/[│╷╵\s]+/g, ' ') }
  }

  function valuesOf(variables: Values): Values {
    const { output, said } = evaluate('jsonencode(local.values)', variables)
    expect(said).toBe('')
    return JSON.parse(JSON.parse(output) as string) as Values
  }

  test('is formatted', () => {
    execFileSync(terraform, ['fmt', '-check', '-recursive', '-diff', moduleFolder], {
      stdio: 'pipe',
    })
  })

  test.each(Object.entries(given))('feeds values that the chart has: %s', (_what, variables) => {
    const known = pathsIn(readYamlFile('deploy/helm/tillbook/values.yaml'))
    const fed = [...pathsIn(valuesOf(variables)), ...pathsIn(readYamlFile(example))]
    const isKnown = (path: string) => known.some((one) => `${path}.`.startsWith(`${one}.`))
    expect(fed.filter((path) => !isKnown(path))).toEqual([])
    expect(JSON.stringify(valuesOf(variables))).not.toContain('secret@')
  })

  test('names no secret of its own making that it does not write', () => {
    const secrets = { database: write, owner: write, broker: {} }
    const { output } = evaluate('jsonencode(local.written)', { image, secrets, urls })
    const written = Object.keys(JSON.parse(JSON.parse(output) as string) as Values)
    expect(written.sort()).toEqual(['database', 'owner'])
    expect(read('main.tf')).toContain('data_wo          = {')
    expect(read('main.tf')).not.toMatch(/^\s+data\s*=/m)
  })

  describeWithTool('helm', 'C6: what Terraform feeds the chart', (helm) => {
    test.each(Object.entries(given))(
      'feeds values that the chart takes: %s',
      (_what, variables) => {
        const manifests = render(helm, valuesOf(variables), example)
        const release = (variables.release as string | undefined) ?? 'tillbook'
        const services = manifests.filter(({ kind }) => kind === 'Service')
        const api = only<Service>(
          services.filter(({ metadata }) => metadata.name === `${release}-api`),
          'Service',
        )
        for (const { port } of api.spec!.ports!) {
          expect(read('outputs.tf')).toContain(
            `\${var.release}-api.\${local.namespace}.svc:${port}"`,
          )
        }
      },
    )
  })

  test.each<[string, Values, RegExp]>([
    ['a namespace that is none', { namespace: 'Market' }, /namespace must be 1 to 63/],
    ['a release that is too long', { release: 'a'.repeat(31) }, /release must be 1 to 30/],
    ['a digest that is none', { image: { ...image, digest: 'sha256:1' } }, /image\.digest must be/],
    [
      'a URL that is missing',
      { secrets: { owner: write }, urls: { database: urls.database } },
      /urls must have a URL for each/,
    ],
    [
      'a URL of something else',
      { secrets: { broker: write }, urls: { broker: urls.redis } },
      /urls must have a URL for each/,
    ],
    [
      'one secret for two logins',
      { secrets: { owner: { name: 'tillbook-database' } } },
      /secrets\.owner must differ/,
    ],
    ['half a revision', { urls_revision: 1.5 }, /urls_revision must be a whole number/],
    [
      'a service with a password',
      { upstreams: { user: 'http://a:b@c' } },
      /upstreams must be a URL/,
    ],
    ['fewer pods than none', { api_replicas: -1 }, /api_replicas must be a whole number/],
    ['half a worker', { worker_replicas: 0.5 }, /worker_replicas must be a whole number/],
    ['values that are none', { values: ['- a'] }, /must be a YAML document that is a mapping/],
    ['no time at all', { timeout_seconds: 1 }, /timeout_seconds must be at least 60/],
  ])('refuses %s, and says why', (_what, variables, words) => {
    const { said } = evaluate('1', { image, ...variables })
    expect(said).toMatch(words)
    expect(said).not.toContain('secret@')
  })
})
