import { fromBinary, toBinary, type DescMethod, type MessageShape } from '@bufbuild/protobuf'
import { basic } from './client'

/** JSON as a browser sends it, or curl. */
export async function postJson(
  url: string,
  body: unknown,
  { as = 'demo operator', headers = {} }: { as?: string; headers?: Record<string, string> } = {},
) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: basic(as), ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>),
  }
}

/** One call over gRPC-Web, frame by frame as its specification has it. */
export async function postWeb<Method extends DescMethod>(
  url: string,
  method: Method,
  message: MessageShape<Method['input']>,
  as = 'demo operator',
) {
  const path = `${url}/${method.parent.typeName}/${method.name}`
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/grpc-web+proto', Authorization: basic(as) },
    body: frame(toBinary(method.input, message)),
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  const frames = readFrames(bytes)
  const last = frames.find(({ flags }) => flags === 0x80)
  const data = frames.find(({ flags }) => flags === 0)
  const lines = (last?.data.toString() ?? '').split('\r\n').filter(Boolean)
  const trailers = new Map(lines.map((line) => line.split(/:\s*/, 2) as [string, string]))
  return {
    status: response.status,
    grpcStatus: trailers.get('grpc-status') ?? response.headers.get('grpc-status'),
    message: data && (fromBinary(method.output, data.data) as MessageShape<Method['output']>),
  }
}

function frame(data: Uint8Array): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(data.length, 1)
  return Buffer.concat([head, data])
}

function readFrames(bytes: Buffer) {
  const frames: { flags: number; data: Buffer }[] = []
  for (let at = 0; at < bytes.length;) {
    const end = at + 5 + bytes.readUInt32BE(at + 1)
    frames.push({ flags: bytes[at]!, data: bytes.subarray(at + 5, end) })
    at = end
  }
  return frames
}
