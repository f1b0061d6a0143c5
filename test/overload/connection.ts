import { connect, type Socket } from 'node:net'

/** One HTTP connection with one request under way at a time; as cheap as it gets. */
export interface Connection {
  /** Null while it is free. */
  startedAtMs: number | null
  send(request: Buffer): void
  close(): void
}

export interface ConnectionOptions {
  host: string
  port: number
  /** The answer is here; milliseconds since it was sent. */
  onAnswer(connection: Connection, status: number, head: string, latencyMs: number): void
  /** It broke, with or without a request under way. */
  onBreak(connection: Connection): void
}

const headEnd = '\r\n\r\n'

export function openConnection(options: ConnectionOptions): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host: options.host, port: options.port, noDelay: true })
    let answer = ''
    const connection: Connection = {
      startedAtMs: null,
      send(request) {
        connection.startedAtMs = performance.now()
        socket.write(request)
      },
      close: () => socket.destroy(),
    }
    const finish = () => {
      const latencyMs = performance.now() - connection.startedAtMs!
      const head = answer.slice(0, answer.indexOf(headEnd))
      connection.startedAtMs = null
      answer = ''
      options.onAnswer(connection, Number(head.slice(9, 12)), head, latencyMs)
    }
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      answer += text
      if (isWhole(answer)) finish()
    })
    socket.on('close', () => options.onBreak(connection))
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      socket.on('error', () => {})
      resolve(connection)
    })
  })
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf(headEnd)
  if (end < 0) return false
  const at = answer.indexOf('Content-Length: ')
  const length = at < 0 || at > end ? 0 : parseInt(answer.slice(at + 16, at + 26))
  return answer.length >= end + headEnd.length + length
}
