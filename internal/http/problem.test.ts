import { Fault, type FaultKind } from '../fault/fault'
import { generalFaults } from './general-fault'
import { collectFaults, retryAfterSeconds, statusOf, toFault, toProblem } from './problem'

test.each<[FaultKind, number]>([
  ['invalid', 400],
  ['unauthenticated', 401],
  ['forbidden', 403],
  ['not_found', 404],
  ['conflict', 409],
  ['unprocessable', 422],
  ['too_many', 429],
  ['unavailable', 503],
  ['internal', 500],
])('%s is %i on the wire', (kind, status) => {
  expect(statusOf({ kind, code: 'a.b', title: 'A b' })).toBe(status)
})

test('a spec’s own status wins over its kind’s', () => {
  expect(statusOf(generalFaults.methodNotAllowed)).toBe(405)
})

test('members stand behind the standard ones and never in their place', () => {
  const spec = { kind: 'conflict', code: 'a.b', title: 'A b' } as const
  const members = { balance: '1.00', status: 200, code: 'x' }
  const errors = [{ path: 'a', message: 'is wrong' }]
  const problem = toProblem(new Fault(spec, { detail: 'So.', members, errors }), 'r1')
  expect(JSON.stringify(problem)).toBe(
    '{"type":"/docs/problems#a.b","title":"A b","status":409,"detail":"So.",' +
      '"instance":"/requests/r1","code":"a.b","errors":[{"path":"a","message":"is wrong"}],' +
      '"balance":"1.00"}',
  )
})

test('a defect keeps its words to itself', () => {
  const error = new Error('password=hunter2')
  const fault = toFault(error)
  expect(fault.cause).toBe(error)
  expect(JSON.stringify(toProblem(fault, 'r1'))).not.toContain('hunter2')
})

test('Retry-After is always on a 503, whole seconds, and elsewhere only when named', () => {
  const after = (kind: FaultKind, seconds?: number) => {
    const spec = { kind, code: 'a.b', title: 'A b' }
    return retryAfterSeconds(new Fault(spec, { detail: '', retryAfterSeconds: seconds }))
  }
  expect(after('unavailable')).toBe(1)
  expect(after('unavailable', 0.2)).toBe(1)
  expect(after('too_many', 2.5)).toBe(3)
  expect(after('conflict')).toBeUndefined()
})

test('refuses one code declared in two ways', () => {
  const spec = { kind: 'conflict', code: 'a.b', title: 'A b' } as const
  expect(collectFaults([spec, { ...spec }])).toEqual([spec])
  expect(() => collectFaults([spec, { ...spec, title: 'B' }])).toThrow('declared in two ways')
  expect(() => collectFaults([spec, { ...spec, kind: 'invalid' }])).toThrow('declared in two ways')
})
