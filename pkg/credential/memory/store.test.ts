import { exerciseCredentialStore } from '../../../test/conformance/credential'
import { openMemoryStores } from '../../../test/conformance/stores'

exerciseCredentialStore('memory', openMemoryStores)
