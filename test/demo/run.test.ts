import { connect } from 'amqplib'
import { spawnProgram } from '../harness/program'
import { describeWith, serviceUrl } from '../harness/service'
import { newDatabase, type TestDatabase } from '../harness/database'
import { openOrderConsumer } from './consumer'

describeWith('RabbitMQ', 'make demo-orders', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await newDatabase()
  })
  afterAll(() => database.close())

  const env = () => ({ DATABASE_URL: database.url, AMQP_URL: serviceUrl('RabbitMQ') })

  test('O4 O5 runs the six use cases, and receives the four messages from RabbitMQ', async () => {
    const program = spawnProgram('demo', ['--scale', '0.03'], env())
    const { code, stdout, stderr } = await program.exited
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const cells = stdout.split('\n').filter((line) => /^\| \d/.test(line))
    const told = cells.map((line) => line.split('|').map((cell) => cell.trim()))
    expect(told.map((row) => [row[4], row[6]!.split(':')[0], row[8]])).toEqual([
      ['201', 'created', 'Ada Lovelace, Classic Box, 9.99'],
      ['202', 'created', 'Ada Lovelace, Family Box, 14.99'],
      ['202', 'failed', 'none'],
      ['201', 'created', 'Grace Hopper, Classic Box, 9.99'],
      ['202', 'created', 'Grace Hopper, Family Box, 14.99'],
      ['202', 'failed', 'none'],
    ])
    expect(stdout).toContain('All six are as promised.')
  })

  test('says so where there is no broker', async () => {
    const away = { ...env(), AMQP_URL: 'amqp://guest:guest@127.0.0.1:1' }
    const { code, stderr } = await spawnProgram('demo', [], away).exited
    expect(code).toBe(1)
    expect(stderr).toContain('127.0.0.1:1')
  })

  test('its consumer hands out a message that came before or after it was asked for', async () => {
    const consumer = await openOrderConsumer({ amqpUrl: serviceUrl('RabbitMQ'), patienceMs: 5000 })
    const connection = await connect(serviceUrl('RabbitMQ'))
    const channel = await connection.createConfirmChannel()
    const early = { payload: { order: { order_id: `early-${process.pid}` } } }
    const late = { payload: { order: { order_id: `late-${process.pid}` } } }
    const tell = (message: object) =>
      channel.publish('orders', 'created_order', Buffer.from(JSON.stringify(message)))
    tell(early)
    expect(await consumer.nextMessage(`early-${process.pid}`)).toEqual(early)
    expect(await consumer.nextMessage(`early-${process.pid}`)).toEqual(early)
    const asked = consumer.nextMessage(`late-${process.pid}`)
    tell(late)
    expect(await asked).toEqual(late)
    await connection.close()
    await consumer.close()
  })

  test.each(['0', '-1', '2', 'fast'])('refuses --scale %s', async (scale) => {
    const { code, stderr } = await spawnProgram('demo', [`--scale=${scale}`], env()).exited
    expect({ code, told: stderr.includes('--scale') }).toEqual({ code: 2, told: true })
  })
})
