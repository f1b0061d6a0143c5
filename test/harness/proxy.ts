import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/**
 * `open` passes everything on. `closed` breaks what there is and refuses what comes. `frozen` accepts,
 * and keeps everything back until it is open again. `cut-before-commit` breaks a connection instead of
 * passing its commit on; `cut-at-commit` passes it on and breaks the connection at once, so that server
 * and break race each other; `cut-after-commit` breaks it when the server has answered.
 * `freeze-at-commit` passes the next commit on and is frozen from then on.
 */
export type ProxyMode =
  | 'open'
  | 'closed'
  | 'frozen'
  | 'cut-before-commit'
  | 'cut-at-commit'
  | 'cut-after-commit'
  | 'freeze-at-commit'

export interface Proxy {
  /** The URL of the database, through the proxy. */
  url: string
  mode: ProxyMode
  /** How many commits were cut off, or frozen. */
  cuts: number
  close(): Promise<void>
}

/** A statement that commits: what says so, or what is a transaction by itself, called by its prepared name. */
const commitMessages = [Buffer.from('commit\0'), Buffer.from('transaction.WriteFromRecall\0')]
const commits = (bytes: Buffer) => commitMessages.some((message) => bytes.includes(message))

/**
 * The server's word that it is committed: of a commit, or the columns of the statement, which come in one piece
 * with its end; or with the error that it came to.
 */
const committedMessages = [Buffer.from('COMMIT\0'), Buffer.from('is_checked\0')]
const committed = (bytes: Buffer) => committedMessages.some((message) => bytes.includes(message))
const errorMessage = Buffer.from('SERROR\0')

/** A TCP proxy in front of PostgreSQL that fails as networks do. */
export async function startProxy(databaseUrl: string): Promise<Proxy> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  const state = { mode: 'open' as ProxyMode, cuts: 0 }

  const held: (() => void)[] = []
  const pass = (send: () => void) => void (state.mode === 'frozen' ? held.push(send) : send())
  const cut = (...pair: Socket[]) => {
    state.cuts += 1
    for (const socket of pair) socket.destroy()
  }
  /** What becomes of bytes that hold a commit; false when they are to be passed on as all others. */
  const takeCommit = (bytes: Buffer, client: Socket, upstream: Socket): boolean => {
    if (state.mode === 'cut-before-commit') {
      cut(client, upstream)
      return true
    }
    if (state.mode === 'cut-at-commit') {
      upstream.end(bytes, () => cut(client, upstream))
      return true
    }
    if (state.mode !== 'freeze-at-commit') return false
    upstream.write(bytes)
    state.cuts += 1
    state.mode = 'frozen'
    return true
  }
  // As the driver's own sockets: without it small packets wait for each other's acknowledgement.
  const noDelay = true
  const server = createServer({ noDelay }, (client) => {
    if (state.mode === 'closed') return void client.destroy()
    const upstream = connect({
      ...{ host: target.hostname, port: Number(target.port || 5432), noDelay },
    })
    let isCommitting = false
    const heldBack: Buffer[] = []
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (bytes) =>
      pass(() => {
        const isCommit = commits(bytes)
        if (isCommit && takeCommit(bytes, client, upstream)) return
        isCommitting ||= isCommit && state.mode === 'cut-after-commit'
        upstream.write(bytes)
      }),
    )
    upstream.on('data', (bytes) =>
      pass(() => {
        if (!isCommitting) return void client.write(bytes)
        heldBack.push(bytes)
        if (bytes.includes(errorMessage)) {
          // Of one that came to nothing there is nothing to be cut off.
          isCommitting = false
          for (const piece of heldBack.splice(0)) client.write(piece)
        } else if (committed(bytes)) cut(client, upstream)
      }),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: url.href,
    get mode() {
      return state.mode
    },
    set mode(mode: ProxyMode) {
      state.mode = mode
      if (mode === 'closed') for (const socket of sockets) socket.destroy()
      if (mode !== 'frozen') for (const send of held.splice(0)) pass(send)
    },
    get cuts() {
      return state.cuts
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
