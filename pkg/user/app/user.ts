import type { Ids } from '../../../internal/id/id'
import {
  newUserNotFound,
  type NewUser,
  type User,
  type UserOverview,
  type UserStore,
} from '../user'

export interface UserApp {
  /** Without an id the user gets a UUIDv7. Faults: user.exists. */
  create(user: Omit<NewUser, 'id'> & { id?: string | undefined }): Promise<User>
  /** Up to `limit` users by id, those after `afterId`. */
  list(page: { afterId: string | undefined; limit: number }): Promise<User[]>
  /** Faults: user.not_found. */
  getOverview(id: string): Promise<UserOverview>
}

export function newUserApp({ users, ids }: { users: UserStore; ids: Ids }): UserApp {
  return {
    create: (user) => users.insert({ ...user, id: user.id ?? ids.next() }),
    list: (page) => users.list(page),
    async getOverview(id) {
      const overview = await users.findOverview(id)
      if (!overview) throw newUserNotFound(id)
      return overview
    },
  }
}
