import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

export type Direction = 'sent' | 'answered'

export interface TcpProxy {
  /** The URL, through the proxy. */
  url: string
  /** Away: breaks what there is and refuses what comes. Frozen: passes nothing on until it is back. */
  mode: 'open' | 'away' | 'frozen'
  /** Connections that were taken in. */
  connections(): number
  /** Sends the client something that the server never said; between two frames, when all is quiet. */
  inject(bytes: Buffer): void
  /** Breaks all connections. */
  cut(): void
  close(): Promise<void>
}

/**
 * Looks at what passes, before it is passed on; `cut` breaks that connection instead. A new one is asked
 * for with each connection.
 */
export type Watcher = (direction: Direction, bytes: Buffer) => 'pass' | 'cut'

/** A TCP proxy in front of a service, which fails as networks do. */
export async function startTcpProxy(
  targetUrl: string,
  newWatcher: () => Watcher = () => () => 'pass',
): Promise<TcpProxy> {
  const target = new URL(targetUrl)
  const clients = new Set<Socket>()
  const state = { mode: 'open' as TcpProxy['mode'], connections: 0 }
  const held: (() => void)[] = []
  const cutAll = () => clients.forEach((client) => client.destroy())
  // Small packets are not to wait for each other's acknowledgement.
  const noDelay = true
  const server = createServer({ noDelay }, (client) => {
    if (state.mode === 'away') return void client.destroy()
    state.connections += 1
    clients.add(client)
    client.on('close', () => clients.delete(client))
    const upstream = connect({ host: target.hostname, port: Number(target.port), noDelay })
    const watcher = newWatcher()
    join(client, upstream, watcher, 'sent')
    join(upstream, client, watcher, 'answered')
  })
  const url = new URL(targetUrl)
  url.host = `127.0.0.1:${await listen(server)}`
  return {
    url: url.href,
    get mode() {
      return state.mode
    },
    set mode(mode) {
      state.mode = mode
      // What was kept back is lost with its connection.
      if (mode === 'away') {
        cutAll()
        held.length = 0
      }
      if (mode === 'open') for (const pass of held.splice(0)) pass()
    },
    connections: () => state.connections,
    inject: (bytes) => clients.forEach((client) => client.write(bytes)),
    cut: cutAll,
    async close() {
      cutAll()
      await new Promise((resolve) => server.close(resolve))
    },
  }

  function join(from: Socket, to: Socket, watcher: Watcher, direction: Direction): void {
    const pass = (bytes: Buffer) => {
      if (state.mode === 'frozen') return void held.push(() => pass(bytes))
      if (watcher(direction, bytes) === 'pass') return void to.write(bytes)
      from.destroy()
      to.destroy()
    }
    from.on('data', pass)
    from.on('error', () => {})
    from.on('close', () => to.destroy())
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
