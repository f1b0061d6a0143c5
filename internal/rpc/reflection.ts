import {
  createRegistry,
  toBinary,
  type DescFile,
  type DescService,
  type Registry,
} from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { Code } from '@connectrpc/connect'
import {
  ServerReflection,
  type ServerReflectionRequest,
} from './gen/grpc/reflection/v1/reflection_pb'
import { ServerReflection as ServerReflectionAlpha } from './gen/grpc/reflection/v1alpha/reflection_pb'
import { openService, type RpcService } from './service'

/**
 * Tells clients what is served, so that grpcurl needs no .proto files: the protocol as it is now, and the
 * one before it, which most tools still ask first. Its messages differ in their package only.
 */
export function reflectionServices(services: readonly DescService[]): RpcService[] {
  const files = collectFiles(services.map(({ file }) => file))
  const catalogue = { services, files, registry: createRegistry(...files.values()) }
  async function* reflect<Request extends Asked>(requests: AsyncIterable<Request>) {
    for await (const request of requests) {
      const messageResponse = lookUp(catalogue, request.messageRequest)
      yield { validHost: request.host, originalRequest: request, messageResponse }
    }
  }
  return [
    openService(ServerReflection, { serverReflectionInfo: reflect }),
    openService(ServerReflectionAlpha, { serverReflectionInfo: reflect }),
  ]
}

/** The part of a request that both protocols have. */
interface Asked {
  host: string
  messageRequest: Question
}

type Question =
  ServerReflectionRequest['messageRequest'] | { case: 'fileContainingExtension'; value: object }

interface Catalogue {
  services: readonly DescService[]
  files: ReadonlyMap<string, DescFile>
  registry: Registry
}

/** By their names: those files, and what they import. */
function collectFiles(files: readonly DescFile[], found = new Map<string, DescFile>()) {
  for (const file of files) {
    if (found.has(file.proto.name)) continue
    found.set(file.proto.name, file)
    collectFiles(file.dependencies, found)
  }
  return found
}

function lookUp({ services, files, registry }: Catalogue, { case: kind, value }: Question) {
  switch (kind) {
    case 'listServices': {
      const service = services.map(({ typeName: name }) => ({ name }))
      return { case: 'listServicesResponse' as const, value: { service } }
    }
    case 'fileByFilename':
      return toFile(files.get(value), value)
    case 'fileContainingSymbol':
      return toFile(fileOf(registry, value), value)
    default:
      // None of our messages takes extensions.
      return refuse(Code.Unimplemented, 'There are no extensions.')
  }
}

/** A service, a message and an enum by their names; a method or a field by what it belongs to. */
function fileOf(registry: Registry, symbol: string): DescFile | undefined {
  const known = registry.get(symbol)
  if (known) return known.kind === 'extension' ? undefined : known.file
  const end = symbol.lastIndexOf('.')
  const parent = end < 0 ? undefined : registry.get(symbol.slice(0, end))
  const name = symbol.slice(end + 1)
  const hasMember =
    (parent?.kind === 'service' && parent.methods.some((method) => method.name === name)) ||
    (parent?.kind === 'message' && parent.fields.some((field) => field.name === name))
  return hasMember ? parent.file : undefined
}

function toFile(file: DescFile | undefined, asked: string) {
  if (!file) return refuse(Code.NotFound, `There is no ${asked.slice(0, 200)}.`)
  const fileDescriptorProto = [toBinary(FileDescriptorProtoSchema, file.proto)]
  return { case: 'fileDescriptorResponse' as const, value: { fileDescriptorProto } }
}

function refuse(errorCode: Code, errorMessage: string) {
  return { case: 'errorResponse' as const, value: { errorCode, errorMessage } }
}
