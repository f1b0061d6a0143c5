import { z } from 'zod'
import { flag, oneOf, section, wholeNumber } from '../../config/section/form'
import { api, migrate, simulator, worker } from '../../config/schema'

/** Handed on to Kubernetes, which knows what may stand there. */
const handedOn = z.record(z.string(), z.unknown())
const listOf = z.array(handedOn)
const texts = z.record(z.string(), z.string())

const nameForm = 'must be a name as Kubernetes has them'
const name = z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, { error: nameForm })
const none = z.literal('')
const nameOrNone = z.union([none, name])
const key = z.string().regex(/^[A-Za-z0-9._-]+$/)
/** As the programs want it: paths are put behind it, and no password stands in it. */
const urlOrNone = z.string().regex(/^(https?:\/\/[^@?#\s]+)?$/)

const amount = z.union([
  z.string().regex(/^\d+(\.\d+)?(m|k|[MGTPE]|[KMGTPE]i)?$/),
  z.number().min(0),
])
const amounts = z.record(z.string(), amount)
const resources = section({ requests: amounts.optional(), limits: amounts.optional() })
const portNumber = wholeNumber(1, 65_535)
const replicas = wholeNumber(0, 1000)

const pods = { resources, podAnnotations: texts }

const ingress = section({
  enabled: flag,
  className: nameOrNone,
  host: nameOrNone,
  tlsSecretName: nameOrNone,
  annotations: texts,
})

const values = section({
  /** What other charts share with this one when it is a part of theirs. */
  global: handedOn.optional(),
  // Longer names do not fit into those of all objects.
  fullnameOverride: z.string().regex(/^([a-z]([a-z0-9-]{0,38}[a-z0-9])?)?$/),
  image: section({
    repository: z.string().regex(/^[a-z0-9][a-z0-9._/:-]*$/),
    tag: z.string().regex(/^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$/),
    digest: z.string().regex(/^(sha256:[0-9a-f]{64})?$/),
    pullPolicy: oneOf(['Always', 'IfNotPresent', 'Never']),
  }),
  imagePullSecrets: z.array(section({ name })),
  secrets: section({
    database: section({ name, key }),
    owner: section({ name, key }),
    broker: section({ name: nameOrNone, key }),
    redis: section({ name: nameOrNone, key }),
  }),
  caBundle: section({ configMap: nameOrNone, key }),
  upstreams: section({ user: urlOrNone, product: urlOrNone, reservation: urlOrNone }),
  telemetry: section({ otlpUrl: urlOrNone }),
  api: section({
    replicas,
    autoscaling: section({
      enabled: flag,
      minReplicas: wholeNumber(1, 1000),
      maxReplicas: wholeNumber(1, 1000),
      cpuPercent: wholeNumber(1, 1000),
    }),
    disruptionBudget: section({
      maxUnavailable: z.union([wholeNumber(1, 1000), z.string().regex(/^[1-9]\d?%$|^100%$/)]),
    }),
    service: section({
      type: oneOf(['ClusterIP', 'NodePort', 'LoadBalancer']),
      externalTrafficPolicy: oneOf(['Local', 'Cluster']),
      annotations: texts,
      httpPort: portNumber,
      rpcPort: portNumber,
    }),
    preStopSeconds: wholeNumber(0, 300),
    ...pods,
    config: api,
  }),
  worker: section({ replicas, ...pods, config: worker }),
  migration: section({
    enabled: flag,
    deadlineSeconds: wholeNumber(1, 86_400),
    resources,
    config: migrate,
  }),
  simulator: section({ enabled: flag, resources, config: simulator }),
  ingress: section({ rest: ingress, grpc: ingress }),
  networkPolicy: section({
    enabled: flag,
    apiFrom: listOf,
    metricsFrom: listOf,
    egress: listOf,
  }),
  metrics: section({
    annotations: flag,
    podMonitor: section({
      enabled: flag,
      labels: texts,
      interval: z.string().regex(/^\d+(ms|s|m)$/),
      apiSecret: nameOrNone,
    }),
    rules: section({ enabled: flag, labels: texts }),
  }),
  dashboard: section({ enabled: flag, labels: texts }),
  serviceAccount: section({ create: flag, name: nameOrNone, annotations: texts }),
  podSecurityContext: handedOn,
  securityContext: handedOn,
  priorityClassName: nameOrNone,
  nodeSelector: texts,
  tolerations: listOf,
  spread: flag,
})

/**
 * What the chart, or a secret, says of the programs' configurations: said twice, one would be ignored. And the work
 * of the worker in the API, which the chart gives no broker.
 */
const saidElsewhere = [
  'environment',
  'http.host',
  'http.port',
  'rpc.host',
  'rpc.port',
  'database.url',
  'database.embedded',
  'broker.url',
  'worker.in_process',
  'rate_limit.redis_url',
  'upstreams.user.url',
  'upstreams.product.url',
  'upstreams.reservation.url',
  'trace.otlp_url',
  'auth.demo_operator',
  'simulator',
]

interface JsonSchema {
  properties?: Record<string, JsonSchema>
  required?: string[]
}

/** values.schema.json, by which Helm refuses values: the programs' own schemas among the chart's. */
export function chartSchema(): string {
  const schema = z.toJSONSchema(values, {
    io: 'input',
    // Every Helm understands it.
    target: 'draft-7',
    override: ({ jsonSchema }) => delete jsonSchema.default,
  }) as JsonSchema
  for (const program of ['api', 'worker', 'migration', 'simulator']) {
    const config = schema.properties![program]!.properties!.config!
    for (const path of saidElsewhere) leaveOut(config, path.split('.'))
  }
  return JSON.stringify(schema, null, 2)
}

function leaveOut(schema: JsonSchema, [first = '', ...rest]: string[]): void {
  const inner = schema.properties?.[first]
  if (!inner) return
  if (rest.length > 0) return leaveOut(inner, rest)
  delete schema.properties![first]
  const required = schema.required?.filter((one) => one !== first)
  if (required?.length) schema.required = required
  else delete schema.required
}
