import { openMemoryStores } from '../../../test/conformance/stores'
import { exerciseTransactionStore } from '../../../test/conformance/transaction'

exerciseTransactionStore('memory', openMemoryStores)
