import { findTrailerError } from '@connectrpc/connect/protocol-grpc'
import {
  credentials,
  loadPackageDefinition,
  Metadata,
  status,
  type Client,
  type ServiceClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { join } from 'node:path'
import {
  BadRequestSchema,
  ErrorInfoSchema,
} from '../../internal/rpc/gen/google/rpc/error_details_pb'

// A client that knows nothing of ours: its own .proto files and Google's implementation of gRPC.
const folder = join(__dirname, 'foreign')
const definition = loadSync(['item.proto', 'cart.proto'], {
  includeDirs: [folder],
  keepCase: true,
  longs: String,
  defaults: true,
})
const packages = loadPackageDefinition(definition) as unknown as Record<
  'item' | 'cart',
  Record<string, ServiceClientConstructor>
>

export interface CallOptions {
  /** `ada customer`, or a whole `authorization`; null for a stranger. */
  as?: string | null
  metadata?: Record<string, string>
  deadlineMs?: number
}

/** What came back: a message, or a status with what it says to programs. */
export type Reply =
  | { code: 'OK'; message: Record<string, unknown>; headers: Metadata }
  | { code: string; detail: string; reason: string | undefined; paths: string[]; headers: Metadata }

export const password = 'correct horse'

/** `ada customer`: the user's id, and their role for the reader. Anything that begins with Basic stays. */
export function basic(as: string): string {
  if (as === '' || as.startsWith('Basic')) return as
  return `Basic ${Buffer.from(`${as.split(' ')[0]}:${password}`).toString('base64')}`
}

/** Calls by names as they stand in the contract: `item.Item/Get`. */
export function newForeignClient(port: number) {
  const address = `127.0.0.1:${port}`
  const clients: Record<string, Client> = {
    'item.Item': new packages.item.Item!(address, credentials.createInsecure()),
    'cart.Cart': new packages.cart.Cart!(address, credentials.createInsecure()),
  }

  function call(rpc: string, message: object, options: CallOptions = {}): Promise<Reply> {
    const { as = 'ada customer', metadata = {}, deadlineMs } = options
    const [service, method] = rpc.split('/') as [string, string]
    const sent = new Metadata()
    for (const [name, value] of Object.entries(metadata)) sent.set(name, value)
    if (as !== null) sent.set('authorization', basic(as))
    const deadline = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs }
    return new Promise((resolve) => {
      let headers = new Metadata()
      const invoke = (clients[service] as unknown as Record<string, Invoke>)[method]!
      invoke
        .call(clients[service], message, sent, deadline, (error, answer) => {
          if (error) resolve(toRefusal(error, headers))
          else resolve({ code: 'OK', message: answer as Record<string, unknown>, headers })
        })
        .on('metadata', (received: Metadata) => (headers = received))
    })
  }

  return { call, close: () => Object.values(clients).forEach((client) => client.close()) }
}

type Invoke = (
  this: unknown,
  message: object,
  metadata: Metadata,
  options: object,
  callback: (error: ServiceError | null, message: unknown) => void,
) => { on(event: 'metadata', listener: (metadata: Metadata) => void): void }

function toRefusal(error: ServiceError, headers: Metadata): Reply {
  const [details] = error.metadata.get('grpc-status-details-bin')
  const found = details === undefined ? undefined : detailsOf(details as Buffer)
  const [info] = found?.findDetails(ErrorInfoSchema) ?? []
  const [bad] = found?.findDetails(BadRequestSchema) ?? []
  const paths = bad?.fieldViolations.map(({ field }) => field) ?? []
  return { code: status[error.code]!, detail: error.details, reason: info?.reason, paths, headers }
}

function detailsOf(details: Buffer) {
  const trailer = new Headers({
    'grpc-status': '2',
    'grpc-status-details-bin': details.toString('base64').replace(/=+$/, ''),
  })
  return findTrailerError(trailer)
}
