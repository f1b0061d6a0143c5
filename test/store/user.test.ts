import { exerciseUserStore } from '../conformance/user'
import { openSqlStores } from './sql-stores'

exerciseUserStore('PostgreSQL', openSqlStores)
