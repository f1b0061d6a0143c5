// Bundles programs into bin/tillbook-<program>, one executable file each:
//   node scripts/build.mjs [program …]
import { access, chmod, constants, cp, mkdir, readdir, readFile, rename } from 'node:fs/promises'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const inRoot = (...names) => join(root, ...names)

const all = readdirSync(inRoot('cmd')).filter((name) => existsSync(inRoot('cmd', name, 'main.ts')))
// Tools of the checkout, which find their packages in node_modules.
const tools = ['bench', 'chaos', 'demo', 'generate', 'overload']
// Holds machine code of its own, and is found in node_modules, above bin/.
const native = ['@node-rs/argon2']
const entries = new Map(all.map((name) => [name, inRoot('cmd', name, 'main.ts')]))
for (const [name, file] of [
  ['bench', 'bench/main.ts'],
  ['chaos', 'test/chaos/main.ts'],
  ['demo', 'test/demo/main.ts'],
  ['overload', 'test/overload/main.ts'],
]) {
  if (existsSync(inRoot(file))) entries.set(name, inRoot(file))
}
/**
 * Node's own options for the API, and for what the benchmark compares with it. Node lets memory grow by
 * the size of the machine before it looks what can be thrown away: told of a limit, and to look whenever three
 * tenths more have come together, the API stays below 200 MB under any load. At three times the load that can be
 * served it is 171 MB with a fifth, 185 with two fifths, 205 with three quarters.
 * Young objects have Node's own 16 MB. With 32 the API grows by 30 MB more for hardly any time; 8 and 4 save
 * 20 MB, and make posting a transaction cost a sixth, or two fifths, more.
 * And no object is to be born old: V8 makes those that look as if they lived long in the old part of the heap from
 * the beginning, and while a process starts, requests and answers look like that. From then on each would keep
 * what it refers to until the next big collection, for a tenth to a quarter of a request's time.
 */
const apiOptions = [
  '--max-old-space-size=512',
  '--heap-growing-percent=30',
  '--no-allocation-site-pretenuring',
]
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !entries.has(name))
if (unknown.length > 0) {
  const known = [...entries.keys()].join(', ')
  console.error(`build: there is no program ${unknown.join(', ')}; there are ${known}`)
  process.exit(2)
}

// Before esbuild would say the same of each program.
try {
  await mkdir(inRoot('bin'), { recursive: true })
  await access(inRoot('bin'), constants.W_OK)
} catch (error) {
  console.error(
    `build: ${inRoot('bin')} cannot be written to (${error.code}): run this as its owner`,
  )
  process.exit(1)
}

try {
  await Promise.all((asked.length > 0 ? asked : [...entries.keys()]).map(bundle))
  await copyMigrationsTable()
} catch (error) {
  // esbuild has shown each of its own errors already.
  if (!error.errors) console.error(error)
  process.exit(1)
}

async function bundle(program) {
  const outfile = inRoot('bin', `tillbook-${program}`)
  // Written beside and renamed: a program that runs meanwhile keeps the file that it began with.
  const half = `${outfile}.${process.pid}.tmp`
  await build({
    entryPoints: [entries.get(program)],
    outfile: half,
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    banner: { js: interpreter(program) },
    external: ['pg-native', ...native],
    packages: tools.includes(program) ? 'external' : 'bundle',
    legalComments: 'none',
    logLevel: 'warning',
    // Only reached from the sources, where Redoc is not compiled in.
    logOverride: { 'require-resolve-not-external': 'silent' },
    define: await definitions(program),
  })
  await chmod(half, 0o755)
  await rename(half, outfile)
}

/**
 * How a program is started when it is called by its name. A shebang takes one argument only, so the
 * shell hands the options over; to Node the second line is a text and a comment.
 */
function interpreter(program) {
  if (program !== 'api') return '#!/usr/bin/env node'
  return `#!/bin/sh\n":" //; exec node ${apiOptions.join(' ')} "$0" "$@"`
}

/** What internal/build and the API's documentation page find compiled in. */
async function definitions(program) {
  const { version } = JSON.parse(await readFile(inRoot('package.json'), 'utf8'))
  const names = (await readdir(inRoot('migrations'))).filter((name) => /^\d+-.+\.sql$/.test(name))
  const redoc = 'node_modules/redoc/bundles/redoc.standalone.js'
  return {
    TILLBOOK_VERSION: JSON.stringify(version),
    TILLBOOK_MIGRATIONS: JSON.stringify(names.sort()),
    ...(program === 'bench' && { TILLBOOK_API_OPTIONS: JSON.stringify(apiOptions) }),
    ...(program === 'api' && {
      TILLBOOK_REDOC: JSON.stringify(await readFile(inRoot(redoc), 'utf8')),
    }),
  }
}

/** postgres-migrations reads this file from beside its own code, which is in the bundle. */
async function copyMigrationsTable() {
  const file = '0_create-migrations-table.sql'
  const from = inRoot('node_modules/postgres-migrations/dist/migrations', file)
  await cp(from, inRoot('bin/migrations', file))
}
