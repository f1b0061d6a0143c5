import type { CrowdLimits } from '../http/crowd'
import { startServer, type RunningServer } from '../http/server'
import type { Log } from '../log/log'
import { newHttp2Front } from './front'
import { newRpcListener, type RpcListenerOptions } from './listener'

export interface RpcServerOptions extends RpcListenerOptions {
  host: string
  /** 0 takes a free one. */
  port: number
  streamsPerConnectionMax: number
  connections: CrowdLimits
  idleTimeoutMs: number
  shutdownTimeoutMs: number
  log: Log
}

/** Serves on one port: gRPC over HTTP/2, gRPC-Web and Connect over either HTTP. */
export function startRpcServer(options: RpcServerOptions): Promise<RunningServer> {
  const { host, port, streamsPerConnectionMax, idleTimeoutMs, shutdownTimeoutMs, log } = options
  const { connections } = options
  const listener = newRpcListener(options)
  return startServer({
    ...{ host, port, shutdownTimeoutMs, connections, log },
    app: listener,
    portName: 'RPC_PORT',
    front: newHttp2Front({ listener, streamsPerConnectionMax, idleTimeoutMs, log }),
  })
}
