import { openMemoryStores } from '../../../test/conformance/stores'
import { exerciseUserStore } from '../../../test/conformance/user'

exerciseUserStore('memory', openMemoryStores)
