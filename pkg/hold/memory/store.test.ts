import { openMemoryStores } from '../../../test/conformance/stores'
import { exerciseHoldStore } from '../../../test/conformance/hold'

exerciseHoldStore('memory', openMemoryStores)
