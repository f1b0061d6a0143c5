import { exerciseTransactionStore } from '../conformance/transaction'
import { openSqlStores } from './sql-stores'

exerciseTransactionStore('PostgreSQL', openSqlStores)
