import { exerciseAccountStore } from '../conformance/account'
import { openSqlStores } from './sql-stores'

exerciseAccountStore('PostgreSQL', openSqlStores)
