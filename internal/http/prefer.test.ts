import { readPreferences } from './prefer'

const none = { respondAsync: false, waitSeconds: undefined }

test.each([
  [undefined, none],
  ['', none],
  ['respond-async', { ...none, respondAsync: true }],
  ['Respond-Async, wait=10', { respondAsync: true, waitSeconds: 10 }],
  ['wait = "3" , respond-async;strict;x=1', { respondAsync: true, waitSeconds: 3 }],
  ['handling=lenient, wait=0', { ...none, waitSeconds: 0 }],
  ['foo="a, wait=9", wait=1', { ...none, waitSeconds: 1 }],
  ['wait=1, wait=2', { ...none, waitSeconds: 1 }],
  ['wait=-1', none],
  ['wait=1.5', none],
  ['wait=99999999999', none],
  ['wait', none],
  ['respond-async=no', none],
  ['(), respond-async', { ...none, respondAsync: true }],
  ['a;b;;c=";,", wait=4', { ...none, waitSeconds: 4 }],
  ['a ; b = c ; ; d = "e" ;, wait = 4 ; f', { ...none, waitSeconds: 4 }],
  ['respond-async = , wait= "5" ', { respondAsync: true, waitSeconds: 5 }],
])('reads %j', (header, wanted) => {
  expect(readPreferences(header)).toEqual(wanted)
})

test('takes no longer for what is made to take long', () => {
  const begin = performance.now()
  for (const hostile of [
    'a;'.repeat(30_000),
    'a="'.repeat(30_000),
    ' '.repeat(60_000),
    ',,'.repeat(30_000),
    'a' + ';  '.repeat(300) + '"',
    'a' + ';  b  =  '.repeat(90) + '"',
    'a=' + ' '.repeat(990) + '"',
  ]) {
    readPreferences(hostile)
  }
  expect(performance.now() - begin).toBeLessThan(5_000)
})
