import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { newAsyncApi } from '../../pkg/outbox/dto/asyncapi'
import { orderCreatedMessage, orderCreatedSchema } from '../../pkg/outbox/dto/message'
import { projectFolder } from '../harness/program'
import { describeWith } from '../harness/service'
import { expectGolden } from '../golden/golden'
import { anEvent, openBook, type Book } from './book'

const readDocument = (name: string): unknown =>
  JSON.parse(readFileSync(join(projectFolder, 'docs', name), 'utf8'))

test('the documents that consumers read are those of the code', () => {
  expect(readDocument('order-created.schema.json')).toEqual(orderCreatedSchema())
  const found = readDocument('asyncapi.json') as { info: { version: string } }
  expect(found).toEqual(newAsyncApi(found.info.version))
})

describeWith('RabbitMQ', 'O3: the contract', () => {
  let book: Book
  beforeAll(async () => {
    book = await openBook()
  })
  afterAll(() => book.close())

  test('what arrives has the form that is promised, and always has had', async () => {
    const queue = await book.broker.openQueue('created_order')
    await book.insert([anEvent(book.broker)])
    book.relay()
    await queue.untilReceived(1)
    const message = orderCreatedMessage.parse(JSON.parse(queue.received[0]!.content.toString()))
    const { order } = message.payload
    expectGolden('message/created_order', {
      ...message,
      sent_at: '…',
      payload: { order: { ...order, order_id: '…', created_at: '…' } },
    })
  })
})
