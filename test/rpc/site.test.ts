import { request as requestHttp1 } from 'node:http'
import { connect } from 'node:http2'
import { basic } from './client'
import { startRpcApi, type RpcApi } from './api'

// C4: what a page of another site makes a browser send is nobody's call, whoever the browser is signed in as.

let api: RpcApi
let local: RpcApi
beforeAll(async () => {
  // Only the second one signs callers without a password in, as the demo operator.
  const auth = { demo_operator: true }
  ;[api, local] = await Promise.all([startRpcApi(), startRpcApi({ environment: 'local', auth })])
})
afterAll(() => Promise.all([api?.close(), local?.close()]))

type Headers = Record<string, string>

const path = '/item.Item/Create'
const emptyFrame = Buffer.alloc(5)
const json = { 'content-type': 'application/json' }
const web = { 'content-type': 'application/grpc-web+proto' }
const grpc = { 'content-type': 'application/grpc', te: 'trailers' }

/** The status of gRPC, or in its place that of HTTP, of an rpc over HTTP/1.1. */
function overHttp1(port: number, headers: Headers, body: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = requestHttp1({ port, host: '127.0.0.1', method: 'POST', path, headers }, (res) => {
      let text = ''
      res.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
      res.on('end', () => {
        const [, status] = /grpc-status: ?(\d+)/i.exec(text) ?? []
        resolve(String(res.headers['grpc-status'] ?? status ?? res.statusCode))
      })
    })
    sent.once('error', reject).end(body)
  })
}

/** The same over HTTP/2, where the server is named by `:authority`. */
function overHttp2(port: number, headers: Headers, body: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`).once('error', reject)
    const stream = session.request({ ':method': 'POST', ':path': path, ...headers })
    let status = ''
    stream.on('response', (head) => (status = String(head['grpc-status'] ?? head[':status'])))
    stream.on('trailers', (trailers) => (status = String(trailers['grpc-status'] ?? status)))
    stream.once('error', reject).resume()
    stream.once('close', () => {
      session.close()
      resolve(status)
    })
    stream.end(body)
  })
}

const ways = [
  ['JSON over HTTP/1.1', overHttp1, json, '{}', { fine: '400', forbidden: '403', unknown: '401' }],
  ['JSON over HTTP/2', overHttp2, json, '{}', { fine: '400', forbidden: '403', unknown: '401' }],
  ['gRPC-Web', overHttp1, web, emptyFrame, { fine: '3', forbidden: '7', unknown: '16' }],
  ['gRPC', overHttp2, grpc, emptyFrame, { fine: '3', forbidden: '7', unknown: '16' }],
] as const

// An item without a name is refused for what it is once the caller is let in.
describe.each(ways)('%s', (_name, send, type, body, { fine, forbidden, unknown }) => {
  const signedIn = { ...type, authorization: basic('demo operator') }

  test('C4: a page of another site may call nothing, with a password or without', async () => {
    for (const [port, headers] of [
      [api.port, signedIn],
      [local.port, type],
    ] as const) {
      const foreign = (more: Headers) => send(port, { ...headers, ...more }, body)
      expect(await foreign({ 'sec-fetch-site': 'cross-site' })).toBe(forbidden)
      expect(await foreign({ 'sec-fetch-site': 'same-site' })).toBe(forbidden)
      expect(await foreign({ origin: 'https://evil.example' })).toBe(forbidden)
      expect(await foreign({ origin: `http://127.0.0.1:${port + 1}` })).toBe(forbidden)
      expect(await foreign({ origin: `http://127.0.0.1:${port}` })).toBe(fine)
      expect(await foreign({ 'sec-fetch-site': 'same-origin' })).toBe(fine)
      expect(await foreign({})).toBe(fine)
    }
  })

  test('C4: a page whose name was made to lead here is not the demo operator', async () => {
    const name = send === overHttp1 ? 'host' : ':authority'
    const named = (host: string, headers: Headers = type) =>
      send(local.port, { ...headers, [name]: host, origin: `http://${host}` }, body)
    expect(await named('evil.example:9111')).toBe(unknown)
    expect(await named('localhost:9111')).toBe(fine)
    expect(await named('books.example', signedIn)).toBe(fine)
  })
})
