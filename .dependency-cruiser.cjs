// The arrows of the house: cmd → pkg/*/app → pkg/<domain> ← pkg/*/{sql,memory}; `internal` knows no
// domain. test/lint/arrows.test.ts breaks each rule once, to see that it bites.

const tests = '(\\.test\\.ts$|^test/)'

/** A rule that forbids imports from one place to another. */
function forbid(name, comment, from, to) {
  return { name, comment, severity: 'error', from, to }
}

module.exports = {
  forbidden: [
    forbid(
      'internal-knows-no-domain',
      'internal is technology: it imports no domain, program, configuration or seed.',
      { path: '^internal/', pathNot: tests },
      { path: '^(pkg|cmd|config|seeds|bench|test)/' },
    ),
    forbid(
      'domain-root-is-pure',
      "A domain's root files hold types and rules: no use case, SQL, wire format or store below them.",
      { path: '^pkg/[^/]+/[^/]+\\.ts$', pathNot: tests },
      {
        path: '^pkg/[^/]+/(app|sql|memory|http|dto)/|^internal/(postgres|http|log|cli)/|^(cmd|config|bench)/',
      },
    ),
    forbid(
      'app-knows-no-transport-and-no-store',
      'Use cases know neither HTTP nor SQL.',
      { path: '^pkg/[^/]+/app/', pathNot: tests },
      { path: '^pkg/[^/]+/(sql|memory|http|dto)/|^internal/(postgres|http|cli)/|^(cmd|config)/' },
    ),
    forbid(
      'dto-knows-the-domain-only',
      'What crosses the wire is made from domain types.',
      { path: '^pkg/[^/]+/dto/', pathNot: tests },
      { path: '^pkg/[^/]+/(app|sql|memory)/|^internal/postgres/|^(cmd|config)/' },
    ),
    forbid(
      'store-knows-the-domain-only',
      'A store implements the contract of its domain, and knows nothing above it.',
      { path: '^pkg/[^/]+/(sql|memory|http)/', pathNot: tests },
      { path: '^pkg/[^/]+/(app|dto)/|^internal/(http|cli)/|^(cmd|config)/' },
    ),
    forbid(
      'memory-needs-no-database',
      'The memory store is for where there is no PostgreSQL.',
      { path: '^pkg/[^/]+/memory/' },
      { path: '^pkg/[^/]+/sql/|^internal/postgres/' },
    ),
    forbid(
      'siblings-keep-out',
      "A domain does not reach into a sibling's sql, memory, http or dto.",
      { path: '^pkg/([^/]+)/', pathNot: tests },
      { path: '^pkg/[^/]+/(sql|memory|http|dto)/', pathNot: '^pkg/$1/' },
    ),
    forbid(
      'api-cannot-reach-memory',
      'The memory stores are for tests and benchmarks; a program that forgets everything is none.',
      { path: '^(cmd|seeds|config)/', pathNot: tests },
      { path: '^pkg/[^/]+/memory/' },
    ),
    forbid(
      'wiring-in-run-only',
      'Stores are chosen in cmd/*/run.ts and in wiring/ beside it, nowhere else in cmd.',
      { path: '^cmd/', pathNot: `^cmd/[^/]+/(?:run\\.ts$|wiring/)|${tests}` },
      { path: '^pkg/[^/]+/sql/' },
    ),
    forbid(
      'programs-stand-apart',
      'What two programs need stands in internal or pkg. cmd/generate looks at the routes of cmd/api, ' +
        'which may do the work of cmd/worker in its own process.',
      { path: '^cmd/([^/]+)/', pathNot: `^cmd/generate/|^cmd/api/wiring/work\\.ts$|${tests}` },
      { path: '^cmd/', pathNot: '^cmd/$1/' },
    ),
    forbid(
      'no-tests-in-programs',
      'Nothing that runs imports a test, a benchmark, or what only those need.',
      { path: '^(cmd|config|internal|pkg|seeds)/', pathNot: tests },
      { path: '^(test|bench)/|\\.test\\.ts$' },
    ),
    forbid(
      'no-dev-dependency',
      'What is bundled is a dependency. cmd/generate is a tool of the checkout.',
      { path: '^(cmd|config|internal|pkg|seeds)/', pathNot: `^cmd/generate/|${tests}` },
      {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only'],
      },
    ),
    forbid(
      'no-cycle',
      'Two files that need each other are one; a type alone is nothing to load.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    forbid('resolvable', 'The file must exist.', {}, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.d.ts', '.js', '.json'],
      // Packages that name their entry points, and nothing else.
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
