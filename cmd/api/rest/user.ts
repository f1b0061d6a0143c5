import { z } from 'zod'
import { operators, roles } from '../../../internal/auth/principal'
import { route, type Route } from '../../../internal/http/route'
import { decodeCursor, encodeCursor, invalidCursor } from '../../../internal/page/cursor'
import { toPage } from '../../../internal/page/page'
import { accountFaults, assertMayOpen } from '../../../pkg/account/account'
import type { AccountApp } from '../../../pkg/account/app/account'
import { accountDto, openAccountInput, toAccountDto } from '../../../pkg/account/dto/account'
import type { UserApp } from '../../../pkg/user/app/user'
import {
  createUserInput,
  listUsersQuery,
  newUserOverviewDto,
  toTotalsDto,
  toUserDto,
  userDto,
  userIdSchema,
  userPageDto,
} from '../../../pkg/user/dto/user'
import { assertSelf, userFaults } from '../../../pkg/user/user'

const tag = 'Users'
const userParams = z.strictObject({ id: userIdSchema })
const userPosition = z.tuple([userIdSchema])
const location = { Location: 'Where it can be read.' }

export const userOverviewDto = newUserOverviewDto(accountDto)

export interface UserRoutesDeps {
  users: UserApp
  accounts: AccountApp
}

export function userRoutes({ users, accounts }: UserRoutesDeps): Route[] {
  return [
    route({
      method: 'post',
      path: '/users',
      tag,
      summary: 'Create a user',
      roles: operators,
      body: createUserInput,
      answers: { 201: { description: 'The user.', schema: userDto, headers: location } },
      faults: [userFaults.exists],
      async handle({ body }) {
        const user = await users.create({
          id: body.id,
          firstName: body.first_name,
          lastName: body.last_name,
        })
        return { status: 201, body: toUserDto(user), headers: { Location: `/users/${user.id}` } }
      },
    }),

    route({
      method: 'get',
      path: '/users',
      tag,
      summary: 'List the users, by id',
      roles: operators,
      query: listUsersQuery,
      answers: { 200: { description: 'A page of users.', schema: userPageDto } },
      faults: [invalidCursor],
      async handle({ query: { limit, cursor } }) {
        const [afterId] = cursor === undefined ? [] : decodeCursor('users', cursor, userPosition)
        const rows = await users.list({ afterId, limit: limit + 1 })
        const cursorOf = ({ id }: { id: string }) => encodeCursor('users', [id])
        return { status: 200, body: toPage(rows, limit, { toDto: toUserDto, cursorOf }) }
      },
    }),

    route({
      method: 'get',
      path: '/users/:id',
      tag,
      summary: 'Get a user with accounts and totals',
      roles,
      params: userParams,
      answers: { 200: { description: 'The user in one snapshot.', schema: userOverviewDto } },
      faults: [userFaults.notFound],
      async handle({ principal, params }) {
        assertSelf(principal, params.id)
        const overview = await users.getOverview(params.id)
        const totals = toTotalsDto(overview)
        const body = {
          ...toUserDto(overview.user),
          totals,
          accounts: overview.accounts.map(toAccountDto),
        }
        return { status: 200, body }
      },
    }),

    route({
      method: 'post',
      path: '/users/:id/accounts',
      tag,
      summary: 'Open an account',
      roles,
      params: userParams,
      body: openAccountInput,
      answers: { 201: { description: 'The account.', schema: accountDto, headers: location } },
      faults: [userFaults.notFound, userFaults.tooManyAccounts, accountFaults.exists],
      async handle({ principal, params, body }) {
        assertSelf(principal, params.id)
        assertMayOpen(principal, body)
        const account = await accounts.open({ ...body, userId: params.id })
        const headers = { Location: `/accounts/${account.id}` }
        return { status: 201, body: toAccountDto(account), headers }
      },
    }),
  ]
}
