import { ScalarType, type DescField, type DescMessage, type DescMethod } from '@bufbuild/protobuf'
import { file_cart } from '../../cmd/api/rpc/gen/cart_pb'
import { file_item } from '../../cmd/api/rpc/gen/item_pb'
import { file_type } from '../../cmd/api/rpc/gen/type_pb'
import { loadConfig } from '../../config/config'
import { messages, services } from './contract'

const files = [file_type, file_item, file_cart]

function typeOf({ message, scalar }: DescField): string {
  if (scalar !== undefined) return ScalarType[scalar]!.toLowerCase()
  return message!.typeName.replace('google.protobuf.Timestamp', 'Timestamp')
}

function fieldsOf({ fields }: DescMessage): string {
  const shown = fields.map((field) => {
    const repeated = field.fieldKind === 'list' ? 'repeated ' : ''
    return `${field.number}: ${field.name} ${repeated}${typeOf(field)}`
  })
  return shown.join(' · ')
}

const flat = (some: readonly DescMessage[]): DescMessage[] =>
  some.flatMap((one) => [one, ...flat(one.nestedMessages)])

function rpcOf({ name, input, output, parent }: DescMethod): string {
  const short = (typeName: string) => typeName.replace(`${parent.file.proto.package}.`, '')
  return `${name}(${short(input.typeName)}) → ${short(output.typeName)}`
}

test('C1: every message has the numbers, names and types that other clients speak, and no other is there', () => {
  const ours = flat(files.flatMap((file) => file.messages))
  expect(Object.fromEntries(ours.map((one) => [one.typeName, fieldsOf(one)]))).toEqual(messages)
})

test('C1: every service has the rpcs that other clients call, and no other is there', () => {
  const ours = files.flatMap((file) => file.services)
  const shown = ours.map(({ typeName, methods }) => [typeName, methods.map(rpcOf).join(' · ')])
  expect(Object.fromEntries(shown)).toEqual(services)
})

test('C1: all of them are proto3, in which a field that was not set is empty or 0', () => {
  expect(files.map(({ proto }) => proto.syntax)).toEqual(['proto3', 'proto3', 'proto3'])
})

test.each(['local', 'compose'])('C1: it is on port 9111 as config/api/%s.json has it', (name) => {
  expect(loadConfig('api', `config/api/${name}.json`, {}).rpc?.port).toBe(9111)
})
