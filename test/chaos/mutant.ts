import { chmodSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { build } from 'esbuild'

/** A defect: in `file`, where `find` stands exactly once, `put` takes its place. */
export interface Mutant {
  file: string
  find: string
  put: string
}

/** Defects of the kind that a ledger must not have, each of which a run has to find. */
export const mutants: Record<string, Mutant> = {
  'believes-lost-commits': {
    file: 'pkg/transaction/sql/outcome.ts',
    find: `return isThere ? 'committed' : 'not committed'`,
    put: `return 'committed'`,
  },
  'repeats-lost-commits': {
    file: 'pkg/transaction/sql/outcome.ts',
    find: `return isThere ? 'committed' : 'not committed'`,
    put: `return 'not committed'`,
  },
  'acknowledges-early': {
    file: 'internal/postgres/connection.ts',
    find: `'-c synchronous_commit=on`,
    put: `'-c synchronous_commit=off`,
  },
  'keeps-refused-bulks': {
    file: 'pkg/transaction/decide.ts',
    find: `return refusedAt === null && !isDryRun`,
    put: `return true`,
  },
  'captures-without-end': {
    file: 'pkg/transaction/judge.ts',
    find: `book.putHold(changed)`,
    put: `void changed`,
  },
  'reads-past-the-horizon': {
    file: 'pkg/event/sql/event.sql.ts',
    find: `::uuid) and xact_no < h.xact_no`,
    put: `::uuid)`,
  },
}

/** The source with the defect in it. Throws when the place is not there any more, or twice. */
export function mutate({ file, find, put }: Mutant, source: string): string {
  if (source.split(find).length !== 2) throw new Error(`${file} has no place, or two: ${find}`)
  return source.replace(find, () => put)
}

/** Builds the API with the defect; answers the file. */
export async function buildMutant(name: string): Promise<string> {
  const mutant = mutants[name]!
  const outfile = `bin/chaos/tillbook-api-${name}`
  const path = resolve(mutant.file)
  await build({
    stdin: {
      contents: readFileSync('cmd/api/main.ts', 'utf8'),
      resolveDir: 'cmd/api',
      loader: 'ts',
    },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    banner: { js: '#!/usr/bin/env node' },
    external: ['pg-native'],
    logLevel: 'warning',
    plugins: [
      {
        name: 'mutant',
        setup: ({ onLoad }) =>
          onLoad({ filter: /\.ts$/ }, (args) =>
            args.path === path
              ? { contents: mutate(mutant, readFileSync(path, 'utf8')), loader: 'ts' }
              : undefined,
          ),
      },
    ],
  })
  chmodSync(outfile, 0o755)
  return outfile
}
