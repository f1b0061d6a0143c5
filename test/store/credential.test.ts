import { exerciseCredentialStore } from '../conformance/credential'
import { openSqlStores } from './sql-stores'

exerciseCredentialStore('PostgreSQL', openSqlStores)
