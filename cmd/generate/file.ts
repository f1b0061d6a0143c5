import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** By path, the text that a file should have; undefined for one that should not be there. */
export type Files = Map<string, string | undefined>

/** The files below a folder, by their paths from the root; none when there is no such folder. */
export async function listFiles(root: string, folder: string): Promise<string[]> {
  const found = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    },
  )
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, '/').length))
    .sort()
}
