import { get, type IncomingMessage } from 'node:http'
import { pollUntil } from '../harness/poll'

export interface SentEvent {
  id: string
  event: string
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test looks into whatever came
  data: any
}

export interface EventReader {
  status: number
  headers: IncomingMessage['headers']
  /** All that came until now, as it was read. */
  text(): string
  events(): SentEvent[]
  /** Waits for so many events. */
  receives(count: number): Promise<SentEvent[]>
  pause(): void
  resume(): void
  /** Resolves when the stream is over; true when it was ended, not cut. */
  ended: Promise<boolean>
  close(): void
}

/** Reads a stream of events as an EventSource would, with all that it may be told to begin with. */
export function openEvents(
  url: string,
  {
    path = '/events',
    query = '',
    lastEventId,
    authorization,
  }: { path?: string; query?: string; lastEventId?: string; authorization?: string } = {},
): Promise<EventReader> {
  const headers: Record<string, string> = { accept: 'text/event-stream' }
  if (lastEventId !== undefined) headers['last-event-id'] = lastEventId
  if (authorization !== undefined) headers.authorization = authorization
  return new Promise((resolve, reject) => {
    const sent = get(
      `${url}${path}${query && `?${query}`}`,
      { headers, agent: false },
      (answer) => {
        resolve(follow(answer))
      },
    )
    sent.on('error', reject)
  })
}

function follow(answer: IncomingMessage): EventReader {
  let text = ''
  answer.setEncoding('utf8').on('data', (more: string) => (text += more))
  answer.on('error', () => {})
  const ended = new Promise<boolean>((resolve) =>
    answer.once('close', () => resolve(answer.complete)),
  )
  // Each block is read once: there may be many, and they are asked for again and again.
  const read: SentEvent[] = []
  let readTo = 0
  const events = () => {
    const end = text.lastIndexOf('\n\n')
    if (end > readTo) read.push(...readEvents(text.slice(readTo, (readTo = end + 2))))
    return read
  }
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    text: () => text,
    events,
    receives: (count) =>
      pollUntil(() => events().length >= count && events(), { what: `${count} events` }),
    pause: () => void answer.pause(),
    resume: () => void answer.resume(),
    ended,
    close: () => void answer.destroy(),
  }
}

/** The whole blocks; the last one may still be on its way. */
function readEvents(text: string): SentEvent[] {
  const blocks = text.split('\n\n').slice(0, -1)
  return blocks.flatMap((block) => {
    const fields = new Map(block.split('\n').map((line) => cut(line)))
    if (!fields.has('data')) return []
    return [
      {
        id: fields.get('id')!,
        event: fields.get('event')!,
        data: JSON.parse(fields.get('data')!) as unknown,
      },
    ]
  })
}

function cut(line: string): [string, string] {
  const at = line.indexOf(': ')
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 2)]
}
