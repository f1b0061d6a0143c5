import { openMemoryStores } from '../../../test/conformance/stores'
import { exerciseAccountStore } from '../../../test/conformance/account'

exerciseAccountStore('memory', openMemoryStores)
