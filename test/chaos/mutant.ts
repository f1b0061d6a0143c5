import { chmodSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { build } from 'esbuild'

/** A defect: in `file`, where `find` stands exactly once, `put` takes its place. */
export interface Mutant {
  /** The API when it is left out. */
  program?: 'worker'
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
  'marks-before-confirms': {
    program: 'worker',
    file: 'pkg/outbox/app/relay.ts',
    find: `const outcomes = await publisher.publish(sendable.map(({ outgoing }) => outgoing))`,
    put: `publisher.publish(sendable.map(({ outgoing }) => outgoing)).catch(() => {})
      const outcomes = sendable.map(() => ({ kind: 'confirmed' }))`,
  },
  'mints-new-keys': {
    program: 'worker',
    file: 'pkg/reservation/app/worker.ts',
    find: `await drive(taken, deps, lease)`,
    put: `await drive(
      taken.attempts > 0 ? { ...taken, id: crypto.randomUUID() } : taken, deps, lease)`,
  },
  'forgets-changed-wishes': {
    program: 'worker',
    file: 'pkg/reservation/sql/reservation.sql.ts',
    find: `    else now()`,
    put: `    else null`,
  },
  'sells-what-is-not-there': {
    file: 'pkg/checkout/counter.ts',
    find: `if (available >= BigInt(quantity)) {`,
    put: `if (available >= BigInt(quantity) || onHand !== undefined) {`,
  },
  'keeps-what-it-sells': {
    file: 'pkg/checkout/sql/checkout.sql.ts',
    find: `on_hand = s.on_hand - t.quantity`,
    put: `on_hand = s.on_hand`,
  },
}

/** The source with the defect in it. Throws when the place is not there any more, or twice. */
export function mutate({ file, find, put }: Mutant, source: string): string {
  if (source.split(find).length !== 2) throw new Error(`${file} has no place, or two: ${find}`)
  return source.replace(find, () => put)
}

/** Builds the program with the defect; answers the file in its place. */
export async function buildMutant(
  name: string,
): Promise<Partial<Record<'api' | 'worker', string>>> {
  const mutant = mutants[name]!
  const { program = 'api' } = mutant
  const outfile = `bin/chaos/tillbook-${program}-${name}`
  const path = resolve(mutant.file)
  await build({
    stdin: {
      contents: readFileSync(`cmd/${program}/main.ts`, 'utf8'),
      resolveDir: `cmd/${program}`,
      loader: 'ts',
    },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    banner: { js: '#!/usr/bin/env node' },
    external: ['pg-native', '@node-rs/argon2'],
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
  return { [program]: outfile }
}
