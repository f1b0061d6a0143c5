// Plain old JavaScript, so that a Node that is too old can still read it and say so.
var wanted = [20, 19]
var found = process.versions.node.split('.').map(Number)

if (found[0] < wanted[0] || (found[0] === wanted[0] && found[1] < wanted[1])) {
  console.error(
    'Tillbook needs Node ' +
      wanted.join('.') +
      ' or newer; `node` is ' +
      process.versions.node +
      '.',
  )
  process.exit(1)
}
