import { create } from '@bufbuild/protobuf'
import {
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { FileDescriptorProtoSchema, type FileDescriptorProto } from '@bufbuild/protobuf/wkt'
import { fromBinary } from '@bufbuild/protobuf'
import { Item } from '../../cmd/api/rpc/gen/item_pb'
import { startRpcApi, type ItemMsg, type RpcApi } from './api'
import { postJson, postWeb } from './web'

let api: RpcApi
let local: RpcApi
beforeAll(async () => {
  ;[api, local] = await Promise.all([startRpcApi(), startRpcApi({ environment: 'local' })])
})
afterAll(() => Promise.all([api.close(), local.close()]))

const nowhere = '0197f3a0-5b6e-7c41-9d2e-3f1a2b4c5d6e'

test('C1: the same service answers gRPC, gRPC-Web and JSON, on one port', async () => {
  const made = await postJson(`${api.url}/item.Item/Create`, { name: 'Tea', price: 4.35 })
  expect(made).toMatchObject({ status: 200, body: { name: 'Tea', price: 4.35 } })
  const uuid = made.body!.uuid as string
  const web = await postWeb(
    api.url,
    Item.method.get,
    create(Item.method.get.input, { itemUuid: uuid }),
  )
  expect(web).toMatchObject({ status: 200, grpcStatus: '0' })
  expect(web.message!.item).toMatchObject({ uuid, name: 'Tea', price: 4.35 })
  const { item } = await api.answer<{ item: ItemMsg }>('item.Item/Get', { item_uuid: uuid })
  expect(item).toMatchObject({ uuid, name: 'Tea', price: 4.35 })
})

test('JSON answers whole numbers of 64 bits as text, and times as RFC 3339', async () => {
  const { body } = await postJson(`${api.url}/item.Item/List`, { request: { size: '1' } })
  expect(body!.pager).toMatchObject({ sorting: 'created', current: '1' })
  const made = await postJson(`${api.url}/item.Item/Create`, { name: 'Now' })
  expect(made.body!.created).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
})

test('JSON says what is 0, empty or none', async () => {
  const { body } = await postJson(`${api.url}/cart.Cart/Get`, {})
  expect(body!.result).toMatchObject({ entries: [], priceTotal: 0, userUuid: 'demo' })
})

test('refusals carry their code and their fields to JSON and gRPC-Web as well', async () => {
  const refused = await postJson(`${api.url}/item.Item/Get`, { itemUuid: nowhere })
  expect(refused).toMatchObject({ status: 404, body: { code: 'not_found' } })
  expect(refused.body!.details).toContainEqual(
    expect.objectContaining({
      debug: { reason: 'item.not_found', domain: 'tillbook', metadata: {} },
    }),
  )
  const get = Item.method.get
  expect(await postWeb(api.url, get, create(get.input, { itemUuid: nowhere }))).toMatchObject({
    grpcStatus: '5',
    message: undefined,
  })
  expect((await postJson(`${api.url}/item.Item/Get`, {}, { as: '' })).status).toBe(401)
  const denied = await postJson(`${api.url}/item.Item/Create`, {}, { as: 'ada customer' })
  expect(denied).toMatchObject({ status: 403, body: { code: 'permission_denied' } })
})

test.each([
  ['{"quantity":1.5}', 400],
  ['{"quantity":2147483648}', 400],
  ['{"quantity":"many"}', 400],
  ['{"quantity":', 400],
  ['[]', 400],
  ['null', 400],
  ['{"itemUuid":{"$gt":""}}', 400],
  [`{"cartUuid":${'['.repeat(5000)}`, 400],
])('refuses the JSON %.40s', async (body, status) => {
  const refused = await postJson(`${api.url}/cart.Cart/AddItem`, body)
  expect(refused).toMatchObject({ status, body: { code: 'invalid_argument' } })
})

test('refuses a price of JSON that is NaN or a text', async () => {
  for (const price of ['"NaN"', '"Infinity"', '"-Infinity"', '1e400', '"cheap"']) {
    const refused = await postJson(`${api.url}/item.Item/Create`, `{"name":"x","price":${price}}`)
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_argument' } })
  }
})

test('takes nothing that a page of another site could send without being asked', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    const headers = { 'Content-Type': type }
    expect(
      (await postJson(`${api.url}/item.Item/Create`, '{"name":"x"}', { headers })).status,
    ).toBe(415)
  }
  expect(
    (await fetch(`${api.url}/item.Item/List?message={}&encoding=json&connect=v1`)).status,
  ).toBe(405)
})

const { packages, wire } = (() => {
  const directory = 'internal/rpc/proto'
  const names = [
    'grpc/health/v1/health.proto',
    'grpc/reflection/v1/reflection.proto',
    'grpc/reflection/v1alpha/reflection.proto',
  ]
  const definition = loadSync(names, { includeDirs: [directory], enums: String, oneofs: true })
  return { packages: loadPackageDefinition(definition), wire: credentials.createInsecure() }
})()

function clientOf(name: string, port: number) {
  const found = name
    .split('.')
    .reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], packages)
  return new (found as ServiceClientConstructor)(`127.0.0.1:${port}`, wire)
}

function check(port: number, service: string): Promise<string> {
  const client = clientOf('grpc.health.v1.Health', port)
  return new Promise((resolve) => {
    client.check!({ service }, (error: { code: number } | null, answer: { status: string }) => {
      client.close()
      resolve(error ? `code ${error.code}` : answer.status)
    })
  })
}

test('tells strangers how it is, by the health protocol of gRPC', async () => {
  const asked = ['', 'item.Item', 'cart.Cart', 'grpc.health.v1.Health', 'no.Such']
  const said = await Promise.all(asked.map((service) => check(api.port, service)))
  expect(said).toEqual(['SERVING', 'SERVING', 'SERVING', 'SERVING', 'code 5'])
})

/** Asks one thing and reads the one answer. */
function reflect(
  version: string,
  port: number,
  question: object,
): Promise<Record<string, unknown>> {
  const client = clientOf(`grpc.reflection.${version}.ServerReflection`, port)
  const stream = client.serverReflectionInfo!(new Metadata())
  return new Promise((resolve, reject) => {
    stream.on('error', reject)
    stream.on('data', (answer: Record<string, unknown>) => {
      stream.end()
      client.close()
      resolve(answer)
    })
    stream.write(question)
  })
}

describe.each(['v1', 'v1alpha'])('in development, reflection %s', (version) => {
  test('lists the services', async () => {
    const answer = await reflect(version, local.port, { listServices: '*' })
    const { service } = answer.listServicesResponse as { service: { name: string }[] }
    expect(service.map(({ name }) => name)).toEqual([
      'item.Item',
      'cart.Cart',
      'grpc.health.v1.Health',
    ])
  })

  test.each([
    [{ fileContainingSymbol: 'cart.Cart' }, 'cart.proto'],
    [{ fileContainingSymbol: 'cart.Cart.AddItem' }, 'cart.proto'],
    [{ fileContainingSymbol: 'cart.CartMsg.EntryMsg' }, 'cart.proto'],
    [{ fileByFilename: 'type.proto' }, 'type.proto'],
    [{ fileByFilename: 'google/protobuf/timestamp.proto' }, 'google/protobuf/timestamp.proto'],
  ])('finds the file of %j', async (question, name) => {
    const answer = await reflect(version, local.port, question)
    const { fileDescriptorProto } = answer.fileDescriptorResponse as {
      fileDescriptorProto: Buffer[]
    }
    const file: FileDescriptorProto = fromBinary(FileDescriptorProtoSchema, fileDescriptorProto[0]!)
    expect(file.name).toBe(name)
  })

  test.each([{ fileContainingSymbol: 'no.Such' }, { fileByFilename: '../secret.proto' }])(
    'says that there is no %j',
    async (question) => {
      const answer = await reflect(version, local.port, question)
      expect(answer.errorResponse).toMatchObject({ errorCode: 5 })
    },
  )
})

test('anywhere else nothing is reflected', async () => {
  await expect(reflect('v1', api.port, { listServices: '*' })).rejects.toMatchObject({ code: 12 })
})
