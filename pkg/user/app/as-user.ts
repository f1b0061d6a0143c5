import { Fault } from '../../../internal/fault/fault'
import { userFaults } from '../user'

/** Makes a user of a caller who is none yet, where that is wanted; false where it is not. */
export type Admit = (userId: string) => Promise<boolean>

/** Work that only a user can do: done once more when the caller was none and was admitted. */
export async function asUser<T>(
  userId: string,
  admit: Admit | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const isNobody = error instanceof Fault && error.code === userFaults.notFound.code
    if (isNobody && (await admit?.(userId))) return work()
    throw error
  }
}
