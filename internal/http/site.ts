import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { authFaults } from '../auth/fault'
import { Fault } from '../fault/fault'

const isSafe = new Set(['GET', 'HEAD', 'OPTIONS'])
const ownSites = new Set(['same-origin', 'none'])

type Asked = Pick<IncomingMessage, 'method' | 'headers'>

/**
 * A browser sends what it was once told the password for along with whatever any page makes it send; so
 * nothing is changed for a page of another site. Programs that are no browser say nothing of a site.
 * Throws auth.forbidden.
 */
export function assertOwnSite({ method = '', headers }: Asked): void {
  if (isSafe.has(method)) return
  const site = headers['sec-fetch-site']
  const isOwn = site === undefined ? isOwnOrigin(headers) : ownSites.has(String(site))
  if (isOwn) return
  throw new Fault(authFaults.forbidden, {
    detail: 'A page of another site may change nothing here.',
  })
}

/** What browsers told before they told the site. */
function isOwnOrigin(headers: IncomingMessage['headers']): boolean {
  const { origin } = headers
  if (origin === undefined) return true
  return URL.canParse(origin) && new URL(origin).host === hostOf({ headers })
}

/**
 * Whether the request names its server by an address or as localhost. A page whose own name was made to
 * lead here (DNS rebinding) is of the same site for its browser, and sends that name; what is no browser
 * may send none at all.
 */
export function isNamedByAddress(req: Pick<IncomingMessage, 'headers'>): boolean {
  const host = hostOf(req)
  if (host === undefined) return true
  const [, bracketed, plain = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host) ?? []
  const name = bracketed ?? plain
  return isIP(name) > 0 || /^(?:.+\.)?localhost\.?$/i.test(name)
}

/** How the request names its server; in HTTP/2 a header of another name says so. */
function hostOf({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  const host = headers.host ?? headers[':authority']
  return host === undefined ? undefined : String(host)
}
