import type { Values } from './chart'

const peers = [{ podSelector: { matchLabels: { app: 'gateway' } } }]
const ingress = {
  enabled: true,
  className: 'nginx',
  host: 'shop.example.com',
  tlsSecretName: 'shop-tls',
  annotations: { 'example.com/a': 'b' },
}

/** Values by which each line of the templates is rendered at least once. */
export const variants: Record<string, Values> = {
  'with nothing said': {},
  'with the simulator': { simulator: { enabled: true } },
  'with as little as can be': {
    api: { preStopSeconds: 0, replicas: 1, config: { rate_limit: null } },
    migration: { enabled: false },
    metrics: { annotations: false },
    serviceAccount: { create: false },
    spread: false,
  },
  'with all there is': {
    image: {
      repository: 'registry.example.com:5000/shop/tillbook',
      digest: `sha256:${'0a'.repeat(32)}`,
    },
    imagePullSecrets: [{ name: 'registry' }],
    secrets: { broker: { name: 'broker' }, redis: { name: 'redis', key: 'REDIS_URL' } },
    caBundle: { configMap: 'database-ca' },
    upstreams: {
      user: 'http://users.example.com',
      product: 'https://products.example.com:8443/v1',
    },
    telemetry: { otlpUrl: 'http://collector:4318' },
    api: {
      autoscaling: { enabled: true },
      service: { type: 'LoadBalancer', annotations: { 'example.com/internal': 'true' } },
      podAnnotations: { 'example.com/a': 'b' },
      config: { auth: { trusted_proxies: 1 }, http: { shutdown_timeout_ms: 4500 } },
    },
    worker: { podAnnotations: { 'example.com/a': 'b' } },
    simulator: { enabled: true },
    ingress: { rest: ingress, grpc: { ...ingress, host: 'grpc.shop.example.com' } },
    networkPolicy: {
      enabled: true,
      apiFrom: peers,
      metricsFrom: peers,
      egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }],
    },
    metrics: {
      podMonitor: { enabled: true, labels: { release: 'prometheus' }, apiSecret: 'prometheus' },
      rules: { enabled: true, labels: { release: 'prometheus' } },
    },
    dashboard: { enabled: true },
    serviceAccount: { name: 'tillbook', annotations: { 'example.com/role': 'shop' } },
    priorityClassName: 'high',
    nodeSelector: { disk: 'ssd' },
    tolerations: [{ key: 'shop', operator: 'Exists', effect: 'NoSchedule' }],
  },
  'with policies that let nobody in': { networkPolicy: { enabled: true } },
}
