import { DatabaseError } from 'pg'
import { isBreak, isConnectionError, toFault } from './errors'

/** As the server words it. */
function said(code: string, routine: string): DatabaseError {
  return Object.assign(new DatabaseError('…', 0, 'error'), { code, routine })
}

test('a standby, where nothing can be serializable, is of no more use than a lost connection', () => {
  // Seen on a hot standby of PostgreSQL 17, from a session whose transactions are serializable.
  const error = said('0A000', 'GetSerializableTransactionSnapshot')
  expect(isConnectionError(error)).toBe(true)
  expect(toFault(error)).toMatchObject({ code: 'database.unavailable' })
})

test('a connection that broke is told from one that gave no answer in time', () => {
  const reset = Object.assign(new Error('read ECONNRESET'), { syscall: 'read' })
  expect(isBreak(toFault(reset))).toBe(true)
  expect(isBreak(new Error('Connection terminated unexpectedly'))).toBe(true)
  expect(isBreak(toFault(new Error('Query read timeout')))).toBe(false)
  expect(isBreak(said('57014', 'ProcessInterrupts'))).toBe(false)
})

test('what else is not supported says nothing of the connection', () => {
  expect(isConnectionError(said('0A000', 'exec_stmt_raise'))).toBe(false)
})
