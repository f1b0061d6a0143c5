import { once } from 'node:events'
import { connect } from 'node:net'
import { pollUntil } from '../harness/poll'
import { startApi, type TestApi } from './api'

let api: TestApi
beforeAll(async () => {
  api = await startApi({ http: { requests_max: 4, uploads_of_address_max: 40 } })
})
afterAll(() => api.close())

const body = JSON.stringify({ id: 'slow', first_name: 'Ada', last_name: 'Lovelace' })

/** A client that sends the head, and of the body all but its last byte. */
async function sendSlowly() {
  let received = ''
  const socket = connect(api.port(), '127.0.0.1')
  socket.setEncoding('utf8').on('data', (text: string) => (received += text))
  socket.on('error', () => {})
  await once(socket, 'connect')
  const head = ['POST /users HTTP/1.1', 'Host: localhost', 'Content-Type: application/json']
  socket.write(`${head.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, -1)}`)
  return { socket, received: () => received }
}

test('many clients that send their bodies slowly keep nobody else out, and are served in the end', async () => {
  const slow = await Promise.all(Array.from({ length: 30 }, sendSlowly))
  for (let i = 0; i < 10; i++) {
    expect((await api.send({ path: '/me' })).status).toBe(200)
    await api.aUser()
  }
  for (const { received } of slow) expect(received()).toBe('')
  const [first, ...others] = slow
  first!.socket.write(body.slice(-1))
  await pollUntil(() => first!.received().includes(' 201 '), { what: 'answer' })
  for (const { socket } of [first!, ...others]) socket.destroy()
})

test('of more than there is room for, whoever has taken longest is told so and let go', async () => {
  const slow: Awaited<ReturnType<typeof sendSlowly>>[] = []
  const answered = () => slow.filter(({ received }) => received() !== '')
  await pollUntil(
    async () => {
      slow.push(await sendSlowly())
      return answered().length > 0
    },
    { what: 'refusal' },
  )
  expect(slow.length).toBeGreaterThan(40)
  const [gone] = answered()
  await pollUntil(() => gone!.socket.destroyed, { what: 'end of the connection' })
  expect(gone!.received()).toMatch(/^HTTP\/1\.1 408 /)
  expect(gone!.received()).toContain('"request.too_slow"')
  expect(answered().length).toBeLessThan(slow.length - 39)
  expect((await api.send({ path: '/me' })).status).toBe(200)
  for (const { socket } of slow) socket.destroy()
})
