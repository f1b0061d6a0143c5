import { newGate } from './gate'

/** Work that tells when it begins, and ends when the test says so. */
function newWork(begun: string[], name: string) {
  let end!: () => void
  let fail!: (error: Error) => void
  const ended = new Promise<void>((resolve, reject) => {
    end = resolve
    fail = reject
  })
  const work = () => {
    begun.push(name)
    return ended
  }
  return { work, end, fail }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

test('what passes together begins in order, and waits for nobody', async () => {
  const begun: string[] = []
  const gate = newGate()
  for (const name of ['a', 'b', 'c']) void gate.together(newWork(begun, name).work)
  await turn()
  expect(begun).toEqual(['a', 'b', 'c'])
})

test('what passes alone waits for all before it, and keeps all after it waiting', async () => {
  const begun: string[] = []
  const gate = newGate()
  const [a, b, alone, c] = ['a', 'b', 'alone', 'c'].map((name) => newWork(begun, name))
  const passed = [gate.together(a!.work), gate.together(b!.work), gate.alone(alone!.work)]
  passed.push(gate.together(c!.work))
  a!.end()
  await turn()
  expect(begun).toEqual(['a', 'b'])
  b!.end()
  await turn()
  expect(begun).toEqual(['a', 'b', 'alone'])
  alone!.end()
  await turn()
  expect(begun).toEqual(['a', 'b', 'alone', 'c'])
  c!.end()
  await Promise.all(passed)
})

test('two that pass alone do so one after the other', async () => {
  const begun: string[] = []
  const gate = newGate()
  const [one, two] = ['one', 'two'].map((name) => newWork(begun, name))
  const passed = [gate.alone(one!.work), gate.alone(two!.work)]
  await turn()
  expect(begun).toEqual(['one'])
  one!.end()
  await turn()
  expect(begun).toEqual(['one', 'two'])
  two!.end()
  await Promise.all(passed)
})

test('a failure is told to whose work it was, and lets the next pass', async () => {
  const begun: string[] = []
  const gate = newGate()
  const [a, alone, c] = ['a', 'alone', 'c'].map((name) => newWork(begun, name))
  const failed = [gate.together(a!.work), gate.alone(alone!.work)]
  const passed = gate.together(c!.work)
  a!.fail(new Error('a failed'))
  await expect(failed[0]).rejects.toThrow('a failed')
  alone!.fail(new Error('alone failed'))
  await expect(failed[1]).rejects.toThrow('alone failed')
  c!.end()
  await expect(passed).resolves.toBeUndefined()
  expect(begun).toEqual(['a', 'alone', 'c'])
})
