import type { Server } from 'node:net'
import { networkOf } from '../auth/attempt'
import type { Log } from '../log/log'
import { newCrowd, type CrowdLimits } from './crowd'

const logIntervalMs = 1000

/** Closes the connection that has been open the longest, of the network with the most, when there are too many. */
export function limitConnections(server: Server, limits: CrowdLimits, log: Log): void {
  const crowd = newCrowd(limits)
  let closed = 0
  const tell = () => {
    if (closed++ > 0) return
    setTimeout(() => {
      log.warn({ closed }, 'connections were closed: too many at once')
      closed = 0
    }, logIntervalMs).unref()
  }
  server.on('connection', (socket) => {
    const leave = crowd.enter(networkOf(socket.remoteAddress ?? ''), () => {
      tell()
      socket.destroy()
    })
    socket.once('close', leave)
  })
}
