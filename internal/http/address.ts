import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

/**
 * Makes the function that tells which address a request comes from: that of its connection or, behind so
 * many proxies that are ours, what the outermost of them wrote down. What stands further left in
 * X-Forwarded-For the client made up itself.
 */
export function newAddressOf(trustedProxies: number): (req: IncomingMessage) => string {
  const ofConnection = ({ socket }: IncomingMessage) => socket.remoteAddress ?? ''
  if (trustedProxies === 0) return ofConnection
  return (req) => {
    const text = [req.headers['x-forwarded-for'] ?? ''].flat().join(',')
    const forwarded = text.split(',').map((address) => address.trim())
    const address = forwarded.at(-trustedProxies) ?? ''
    return isIP(address) > 0 ? address : ofConnection(req)
  }
}
