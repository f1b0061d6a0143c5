import { z } from 'zod'
import { newRoutes } from '../../cmd/api/routes'
import { databaseUnavailable } from '../../internal/fault/fault'
import { faultsOf, generalFaults } from '../../internal/http/general-fault'
import { contentOf, type Route } from '../../internal/http/route'

/** An answer as it came over the wire. */
export interface Answer {
  status: number
  /** Lower-case names. */
  headers: Record<string, string>
  text: string
  /** The text read as JSON; undefined when it is none. */
  body: unknown
}

/** RFC 9457, with members of the problem's own. */
export const problemDto = z.looseObject({
  type: z.string(),
  title: z.string().min(1),
  status: z.int(),
  detail: z.string().min(1),
  instance: z.string(),
  code: z.string(),
  errors: z.array(z.strictObject({ path: z.string(), message: z.string().min(1) })).optional(),
})

export type Problem = z.output<typeof problemDto>

// Only what the routes declare is looked at; nothing of them runs here.
const routes = newRoutes({} as Parameters<typeof newRoutes>[0])

// What may come before it is known whether the path takes such a request.
const anywhere: string[] = [
  databaseUnavailable.code,
  generalFaults.malformed.code,
  generalFaults.routeNotFound.code,
  generalFaults.methodNotAllowed.code,
]

/** Every answer has to be one that the reference promises, in a form that its schema describes. */
export function assertPromised(method: string, path: string, answer: Answer): void {
  expect(answer.headers).toMatchObject({ 'x-request-id': expect.stringMatching(/./) as string })
  const route = routeOf(method, path)
  if (answer.status >= 400) assertProblem(answer, route)
  else if (route) assertSuccess(answer, route)
}

function assertProblem(answer: Answer, route: Route | undefined): void {
  expect(answer.headers['content-type']).toBe('application/problem+json')
  const problem = problemDto.parse(answer.body)
  expect(problem).toMatchObject({
    status: answer.status,
    type: `/docs/problems#${problem.code}`,
    instance: `/requests/${answer.headers['x-request-id']}`,
  })
  const promised = route ? faultsOf(route).map(({ code }) => code) : []
  expect([...promised, ...anywhere]).toContain(problem.code)
  if (answer.status === 503) expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
}

function assertSuccess(answer: Answer, route: Route): void {
  const promised = route.answers[answer.status]
  const content = contentOf(promised ?? { description: '' })
  if (promised && Object.keys(content).length === 0) return expect(answer.text).toBe('')
  const [type = ''] = (answer.headers['content-type'] ?? '').split(';')
  const schema = content[type]
  if (!schema) throw new Error(`${route.path} never promised ${answer.status} as "${type}"`)
  schema.parse(type === 'application/json' ? answer.body : answer.text)
}

function routeOf(method: string, path: string): Route | undefined {
  const [plain = ''] = path.split('?')
  return routes.find(
    (route) =>
      route.method === method.toLowerCase() &&
      new RegExp(`^${route.path.replaceAll(/:\w+/g, '[^/]+')}$`).test(plain),
  )
}
