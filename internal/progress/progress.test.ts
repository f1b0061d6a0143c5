import { newProgress, type ProgressStream } from './progress'

function newStream(shape: Partial<ProgressStream>) {
  const written: string[] = []
  const stream: ProgressStream = { ...shape, write: (text) => written.push(text) }
  return { stream, text: () => written.join('') }
}

/** What a terminal shows in the end, line by line. */
function shown(text: string): string[] {
  return text.split('\n').map((line) => line.split('\r\x1b[K').at(-1) ?? '')
}

test('draws one bar a step over itself on a terminal', () => {
  const { stream, text } = newStream({ isTTY: true, columns: 20 })
  const progress = newProgress(stream)
  progress.update({ step: 'rows', done: 0, total: 4 })
  progress.update({ step: 'rows', done: 1, total: 4 })
  progress.update({ step: 'rows', done: 4, total: 4 })
  progress.update({ step: 'end', done: 1, total: 3 })
  progress.close()
  expect(shown(text())).toEqual(['█████████ 100% rows', '███░░░░░░░  33% end', ''])
})

test.each([1, 4, 8, 12, 14, 20, 40, 200])('never fills a terminal of %i columns', (columns) => {
  const { stream, text } = newStream({ isTTY: true, columns })
  newProgress(stream).update({ step: 'a long step', done: 2, total: 3 })
  const [line = ''] = shown(text())
  expect(line.length).toBeLessThan(columns)
})

test('takes a terminal that does not know its width for one of 80 columns', () => {
  const { stream, text } = newStream({ isTTY: true, columns: 0 })
  newProgress(stream).update({ step: 'rows', done: 1, total: 2 })
  expect(shown(text())).toEqual([`${'█'.repeat(15)}${'░'.repeat(15)}  50% rows`])
})

test('writes one plain line a step where there is no terminal', () => {
  const { stream, text } = newStream({})
  const progress = newProgress(stream)
  for (const done of [0, 1, 2]) progress.update({ step: 'rows', done, total: 2 })
  progress.update({ step: 'end', done: 0, total: 1 })
  progress.close()
  expect(text()).toBe('rows …\nend …\n')
})

test.each([
  [5, 4, '100%'],
  [-1, 4, '0%'],
  [0, 0, '100%'],
])('shows %i of %i as %s', (done, total, percent) => {
  const { stream, text } = newStream({ isTTY: true, columns: 30 })
  newProgress(stream).update({ step: 'rows', done, total })
  expect(text()).toContain(` ${percent}`)
})

test('leaves a terminal alone when nothing was ever shown', () => {
  const { stream, text } = newStream({ isTTY: true })
  newProgress(stream).close()
  expect(text()).toBe('')
})
