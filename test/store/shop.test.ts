import { exerciseShopStores } from '../conformance/shop'
import { openSqlStores } from './sql-stores'

exerciseShopStores('PostgreSQL', openSqlStores)
