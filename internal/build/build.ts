import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

// Put in their places by scripts/build.mjs; from the sources, as in tests, they do not exist.
declare const TILLBOOK_VERSION: string | undefined
declare const TILLBOOK_MIGRATIONS: string[] | undefined
declare const TILLBOOK_API_OPTIONS: string[] | undefined

/** The version in package.json. */
export function version(): string {
  if (typeof TILLBOOK_VERSION !== 'undefined') return TILLBOOK_VERSION
  return (JSON.parse(readFileSync(inCheckout('package.json'), 'utf8')) as { version: string })
    .version
}

/** The file names of the migrations that this program was built with, in order. */
export function migrationNames(): string[] {
  if (typeof TILLBOOK_MIGRATIONS !== 'undefined') return TILLBOOK_MIGRATIONS
  return readdirSync(inCheckout('migrations'))
    .filter((name) => /^\d+-.+\.sql$/.test(name))
    .sort()
}

/** Node's own options that bin/tillbook-api is started with; none from the sources. */
export function apiOptions(): string[] {
  return typeof TILLBOOK_API_OPTIONS !== 'undefined' ? TILLBOOK_API_OPTIONS : []
}

function inCheckout(name: string): string {
  return join(__dirname, '../..', name)
}
