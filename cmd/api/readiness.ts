import { migrationNames } from '../../internal/build/build'
import { describeError } from '../../internal/fault/describe'
import { Fault } from '../../internal/fault/fault'
import type { Log } from '../../internal/log/log'
import { sqlState, sqlStateOf } from '../../internal/postgres/errors'
import type { Executor } from '../../internal/postgres/query'
import { findLack } from '../../internal/postgres/schema-check'
import { findNumbering, findRights } from './rights.sql.ts'

/** A database that is away comes back by itself; another schema or a role without rights does not. */
export async function refuseToStart(db: Executor, role: string, log: Log): Promise<void> {
  try {
    const reason = await whyNotReady(db, role)
    if (reason !== undefined) throw new Error(reason)
    const { role: session, can_rewrite: canRewrite } = await findRights(db)
    if (canRewrite) {
      log.warn({ role: session }, 'the role of the API may change and delete transactions')
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    log.warn({ err: error }, 'the database cannot be reached; serving 503 until it can')
  }
}

/**
 * Why requests cannot be served, in a sentence. A newer schema is no reason: while a new version is
 * rolled out, or taken back, the old one serves. Throws database.unavailable when there is nobody to ask.
 */
export async function whyNotReady(db: Executor, role: string): Promise<string | undefined> {
  try {
    const lack = await findLack(db, migrationNames())
    if (lack !== undefined) return lack
    const rights = await findRights(db)
    if (!rights.can_post) return lacksRights(rights.role)
    const { is_behind: isBehind } = await findNumbering(db)
    return isBehind
      ? 'The book comes from another server: run `make migrate` before it goes on.'
      : undefined
  } catch (error) {
    const refusal = describeRefusal(error, role)
    if (refusal === undefined) throw error
    return refusal
  }
}

/** What only an operator can change; toConnectFault tells a refused session from a refused statement. */
function describeRefusal(error: unknown, role: string): string | undefined {
  const state = sqlStateOf(error)
  const isSession = error instanceof Fault
  if (isSession && state === sqlState.invalid_parameter_value) {
    return `${refusedSession(error, role)} \`make migrate\` creates tillbook_api.`
  }
  if (state !== sqlState.insufficient_privilege) return undefined
  if (!isSession) return lacksRights(role)
  return `${refusedSession(error, role)} The login of the API has to be a member of it.`
}

function refusedSession({ cause }: Fault, role: string): string {
  return `The database opens no session as the role "${role}": ${describeError(cause)}.`
}

function lacksRights(role: string): string {
  return `The role "${role}" lacks rights that the API needs: run \`make migrate\`, or make it a member of tillbook_api.`
}
