import { stat } from 'node:fs/promises'
import { ifThere } from './file'
import { runProgram } from './program'

/** Whom PostgreSQL runs as when we are root, which it refuses to run as. */
export interface Account {
  name: string
  uid: number
  gid: number
}

const lowAccounts = ['postgres', '_postgres', 'nobody']

export function isRoot(): boolean {
  return process.getuid?.() === 0
}

/** As root: the owner of the cluster when there is one, else a low account of this machine. Otherwise undefined. */
export async function chooseAccount(cluster: string): Promise<Account | undefined> {
  if (!isRoot()) return undefined
  const owner = await ifThere(stat(cluster))
  if (owner && owner.uid !== 0) return { name: `#${owner.uid}`, uid: owner.uid, gid: owner.gid }
  for (const name of lowAccounts) {
    const account = await lookUp(name).catch(() => undefined)
    if (account) return account
  }
  throw new Error(
    `PostgreSQL does not run as root, and none of these accounts exists: ${lowAccounts.join(', ')}. ` +
      'Create one, run this as another user, or name a database by its URL.',
  )
}

async function lookUp(name: string): Promise<Account> {
  const uid = Number(await runProgram('id', ['-u', name]))
  const gid = Number(await runProgram('id', ['-g', name]))
  return { name, uid, gid }
}

/** True when the account can enter the folder. Tried rather than computed: modes are not the whole truth. */
export async function canEnter(account: Account, folder: string): Promise<boolean> {
  const entered = runProgram('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], { account })
  return entered.then(
    () => true,
    () => false,
  )
}
