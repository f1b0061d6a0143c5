import { buildSync } from 'esbuild'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { projectFolder, spawnProgram, type SpawnedProgram } from '../harness/program'

export interface TillProcess {
  url: string
  program: SpawnedProgram
}

/** Tills as processes of their own: what they know of each other, they know from the database. */
export async function spawnTills(databaseUrl: string, count: number): Promise<TillProcess[]> {
  const name = `till-${process.pid}`
  const outfile = join(projectFolder, 'bin', `tillbook-${name}`)
  buildSync({
    entryPoints: [join(__dirname, 'till-process.ts')],
    outfile,
    ...{ bundle: true, platform: 'node', target: 'node20', format: 'cjs', packages: 'external' },
    banner: { js: '#!/usr/bin/env node' },
  })
  chmodSync(outfile, 0o755)
  return Promise.all(
    Array.from({ length: count }, async () => {
      const program = spawnProgram(name, [databaseUrl])
      const [, url] = await program.ready(/serves on (http:\S+)/)
      return { url: url!, program }
    }),
  )
}
