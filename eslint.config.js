const tseslint = require('typescript-eslint')

// Few rules, each of which finds defects; how code looks is Prettier's affair.
const rules = {
  'array-callback-return': 'error',
  'no-constant-binary-expression': 'error',
  'no-loss-of-precision': 'error',
  'no-self-compare': 'error',
  'no-template-curly-in-string': 'error',
  'no-unreachable-loop': 'error',
  'no-unsafe-finally': 'error',
  'no-unsafe-optional-chaining': 'error',
  'no-unused-expressions': 'error',
  'prefer-const': 'error',
  eqeqeq: 'error',
}

const typedRules = {
  '@typescript-eslint/await-thenable': 'error',
  '@typescript-eslint/no-base-to-string': 'error',
  '@typescript-eslint/no-explicit-any': 'error',
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/no-for-in-array': 'error',
  '@typescript-eslint/no-implied-eval': 'error',
  '@typescript-eslint/no-misused-promises': 'error',
  '@typescript-eslint/no-unused-vars': [
    'error',
    // `const { embedded: _, ...rest }` is how a member is left out.
    { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
  ],
  '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true }],
  '@typescript-eslint/require-array-sort-compare': ['error', { ignoreStringArrays: true }],
  '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
  '@typescript-eslint/switch-exhaustiveness-check': [
    'error',
    { considerDefaultExhaustiveForUnions: true },
  ],
}

const environmentRule = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Only cmd/*/main.ts and config/ read the environment; hand the value down.',
}

const exitRule = {
  selector: "MemberExpression[object.name='process'][property.name=/^(exit|exitCode|abort)$/]",
  message: 'Only cmd/*/main.ts ends the process.',
}

module.exports = tseslint.config(
  { ignores: ['bin/', '.data/', 'coverage/', 'node_modules/', 'bench/results/', '**/gen/'] },
  { files: ['**/*.{js,cjs,mjs}'], rules },
  {
    files: ['**/*.ts'],
    plugins: { '@typescript-eslint': tseslint.plugin },
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: __dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: { ...rules, ...typedRules },
  },
  {
    files: ['{pkg,internal,seeds}/**/*.ts', 'cmd/**/*.ts'],
    ignores: ['cmd/*/main.ts', '**/*.test.ts'],
    rules: { 'no-restricted-syntax': ['error', environmentRule, exitRule] },
  },
  {
    // Tests write down what is wrong on purpose: numbers that lose digits, `${}` in SQL, code as text;
    // and what they sort is there to be compared, not to be in a sensible order.
    files: ['**/*.test.ts'],
    rules: {
      'no-loss-of-precision': 'off',
      'no-template-curly-in-string': 'off',
      '@typescript-eslint/no-implied-eval': 'off',
      '@typescript-eslint/require-array-sort-compare': 'off',
    },
  },
  {
    files: ['config/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', exitRule] },
  },
)
