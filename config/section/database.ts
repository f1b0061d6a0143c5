import { z } from 'zod'
import { always, flag, isObject, msMax, section, text, wholeNumber } from './form'

const urlForm = 'must be a URL as in postgres://user:password@host:5432/database'

/** Parses as the driver will: a user without a host (`@/`, for a socket) is fine with it. */
function isDatabaseUrl(url: string): boolean {
  if (!/^postgres(ql)?:\/\//.test(url) || /\s/.test(url)) return false
  try {
    decodeURIComponent(url)
    return URL.canParse(url.replace('@/', '@localhost/'))
  } catch {
    return false
  }
}

// Goes into the options of a session as it stands, where a space or a backslash would mean something.
const roleForm = 'must be the name of a role: letters, digits and _, or none'
const role = z
  .string({ error: roleForm })
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, { error: roleForm })

const databaseShape = section({
  url: z.string({ error: urlForm }).refine(isDatabaseUrl, { error: urlForm }).optional(),
  embedded: section({ directory: text('must be the path of a folder') }).optional(),
  role: role.optional(),
  pool_connections_max: wholeNumber(1, 1000).default(10),
  connect_timeout_ms: wholeNumber(1, msMax).default(1000),
  statement_timeout_ms: wholeNumber(1, msMax).default(2000),
  lock_timeout_ms: wholeNumber(1, msMax).default(1000),
  prepared_statements: flag.default(true),
})

const hasOneDatabase = [
  (value: unknown) =>
    !isObject(value) || (value.url === undefined) !== (value.embedded === undefined),
  { error: 'must have exactly one of `url` and `embedded`', ...always },
] as const

/** Which database, and how long it is waited for. */
export const databaseSection = databaseShape.refine(...hasOneDatabase)

/** The API may add to the books and nothing else; the other programs work as the owner of the tables. */
export const apiDatabaseSection = databaseShape
  .extend({ role: role.default('tillbook_api') })
  .refine(...hasOneDatabase)

export const embeddedInProduction = {
  error: 'must not be the embedded database in production: name a `url`',
  path: ['database'],
  ...always,
}

export function allowsDatabase(value: unknown): boolean {
  if (!isObject(value) || value.environment !== 'production') return true
  return !isObject(value.database) || value.database.embedded === undefined
}
