import { render, type Values } from './chart'
import { describeWithTool } from './tool'

describeWithTool('helm', 'C6: the Helm chart', (helm) => {
  test.each<[string, Values, RegExp]>([
    ['a value that there is not', { api: { replica: 3 } }, /api\W.*replica/],
    ['a setting that there is not', { api: { config: { lanes: 2 } } }, /api\.config\W.*lanes/],
    ['a setting out of range', { api: { config: { ledger: { lanes: 0 } } } }, /ledger.lanes/],
    ['a word that is none', { worker: { config: { log: { level: 'loud' } } } }, /log.level/],
    ['a port of its own', { api: { config: { http: { port: 80 } } } }, /config.http.*port/],
    [
      'a URL outside of a secret',
      { worker: { config: { broker: { url: 'amqp://b' } } } },
      /broker.*url/,
    ],
    [
      'a demo operator',
      { api: { config: { auth: { demo_operator: true } } } },
      /auth.*demo_operator/,
    ],
    ['no database', { secrets: { database: { name: '' } } }, /secrets.database.name/],
    ['a service that is no URL', { upstreams: { user: 'users:8080' } }, /upstreams.user/],
    [
      'work of the worker in the API',
      { api: { config: { worker: { in_process: true } } } },
      /config.worker.*in_process/,
    ],
    [
      'memory in a unit of its own',
      { worker: { resources: { limits: { memory: '512K' } } } },
      /limits.memory/,
    ],
    [
      'memory that is none',
      { api: { resources: { limits: { memory: 'much' } } } },
      /limits.memory/,
    ],
    [
      'one login for all',
      { secrets: { owner: { name: 'tillbook-database' } } },
      /the API must not log in as who owns the tables/,
    ],
    [
      'an Ingress that all callers seem to be',
      { ingress: { rest: { enabled: true, host: 'a.example.com' } } },
      /api\.config\.auth\.trusted_proxies is 0 with an Ingress/,
    ],
    [
      'an Ingress without a host',
      { ingress: { grpc: { enabled: true } }, api: { config: { auth: { trusted_proxies: 1 } } } },
      /ingress\.grpc\.host is missing/,
    ],
    [
      'metrics that nobody may read',
      { metrics: { podMonitor: { enabled: true } } },
      /metrics\.podMonitor\.apiSecret is missing/,
    ],
    [
      'fewer pods at most than at least',
      { api: { autoscaling: { enabled: true, minReplicas: 9 } } },
      /minReplicas is above maxReplicas/,
    ],
  ])('refuses %s, and says which', (_what, values, words) => {
    let said = ''
    try {
      render(helm, values)
    } catch (error) {
      said = (error as Error).message
    }
    // Helm 3 has dots between the keys, and Helm 4 slashes.
    expect(said.replaceAll('/', '.')).toMatch(words)
  })
})
