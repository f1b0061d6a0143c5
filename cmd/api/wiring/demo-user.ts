import type { Executor } from '../../../internal/postgres/query'
import { ensureUser } from '../../../pkg/user/sql/user.sql.ts'
import { demoOperator } from './sign-in'

/**
 * Who signs in as the demo operator owns nothing until a cart or an order has to refer to them: then they
 * become a user. False for anybody else: real users are created, not guessed.
 */
export function newDemoUser(db: Executor, isOn: boolean): (userId: string) => Promise<boolean> {
  return async (id) => {
    if (!isOn || id !== demoOperator.userId) return false
    await ensureUser(db, { id, first_name: 'Demo', last_name: 'Operator' })
    return true
  }
}
