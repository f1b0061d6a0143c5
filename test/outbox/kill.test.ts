import { buildSync } from 'esbuild'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { idsOf } from '../harness/broker'
import { pollUntil } from '../harness/poll'
import { newRandom, newSeed } from '../harness/random'
import { describeWith, serviceUrl } from '../harness/service'
import { openBook, someEvents, type Book } from './book'

const seed = newSeed()

describeWith('RabbitMQ', 'O3: kill -9 of the relay', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tillbook-relay-'))
  const program = join(folder, 'relay.js')
  const children: ChildProcess[] = []
  let book: Book
  beforeAll(async () => {
    const entryPoints = [join(__dirname, 'relay-process.ts')]
    const external = ['pg-native']
    buildSync({ entryPoints, outfile: program, bundle: true, platform: 'node', external })
    book = await openBook()
  })
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL')
    await book.close()
    rmSync(folder, { recursive: true })
  })

  function start(): ChildProcess {
    const args = [program, book.databaseUrl, serviceUrl('RabbitMQ')]
    const child = spawn(process.execPath, args, { stdio: 'inherit' })
    children.push(child)
    return child
  }

  test(`in the middle of batches loses nothing (SEED=${seed})`, async () => {
    const random = newRandom(seed)
    const queue = await book.broker.openQueue('created_order')
    const events = someEvents(book.broker, 400)
    await book.insert(events)
    for (let kills = 0; kills < 3; kills++) {
      const enough = idsOf(queue.received).size + random.between(1, 50)
      const child = start()
      await pollUntil(() => idsOf(queue.received).size >= enough, { what: `${enough} messages` })
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    const left = (await book.rows()).filter(({ published_at }) => published_at === null)
    expect(left.length).toBeGreaterThan(0)
    book.relay()
    await book.untilPublished(events.length)
    await queue.untilReceived(events.length)
    expect(idsOf(queue.received)).toEqual(new Set(events.map(({ id }) => id)))
    expect((await book.rows()).filter(({ attempts }) => attempts > 0)).toEqual([])
  })
})
