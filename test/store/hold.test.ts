import { exerciseHoldStore } from '../conformance/hold'
import { openSqlStores } from './sql-stores'

exerciseHoldStore('PostgreSQL', openSqlStores)
