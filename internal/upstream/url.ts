const encoded = /^(?:\/[\w%.~!$&'()*+,;=:@-]*)+(?:\?[\w%.~!$&'()*+,;=:@/?-]*)?$/

/**
 * The URL of a path below the base. Throws at a path that was not encoded, which is a defect. Undefined
 * for one with `.` or `..` between slashes: every URL parser folds these, so nothing can be of that
 * name, and the request would go somewhere else.
 */
export function urlOf(baseUrl: string, path: string): string | undefined {
  if (!encoded.test(path)) throw new Error('the path of an upstream call must be encoded')
  const [pathname = ''] = path.split('?')
  const isFolded = pathname.split('/').some((part) => /^(?:\.|%2e){1,2}$/i.test(part))
  return isFolded ? undefined : baseUrl.replace(/\/$/, '') + path
}
