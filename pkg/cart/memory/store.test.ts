import { exerciseShopStores } from '../../../test/conformance/shop'
import { openMemoryStores } from '../../../test/conformance/stores'

exerciseShopStores('memory', openMemoryStores)
