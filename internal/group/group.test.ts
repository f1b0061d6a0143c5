import { newGroupCommit, type GroupOptions } from './group'

interface Job {
  id: number
  touches: string[]
}

/** A commit that waits until the test lets it go on. */
function newStage(options: Partial<GroupOptions<Job, number>> = {}) {
  const started: { ids: number[]; finish(): void; fail(error: Error): void }[] = []
  const group = newGroupCommit<Job, number>({
    commit: (jobs) =>
      new Promise((resolve, reject) => {
        const ids = jobs.map((job) => job.id)
        started.push({ ids, finish: () => resolve(ids), fail: reject })
      }),
    touches: (job) => job.touches,
    isDivisible: () => false,
    overflow: () => new Error('full'),
    lanes: 2,
    groupRequestsMax: 100,
    queueRequestsMax: 100,
    queueWaitMaxMs: 60_000,
    ...options,
  })
  const submit = (id: number, ...touches: string[]) => group.submit({ id, touches })
  return { group, started, submit }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

test('requests of one turn go out together, at once', async () => {
  const { started, submit } = newStage()
  const answers = [submit(1, 'a'), submit(2, 'b'), submit(3, 'a')]
  await turn()
  expect(started.map((group) => group.ids)).toEqual([[1, 2, 3]])
  started[0]!.finish()
  expect(await Promise.all(answers)).toEqual([1, 2, 3])
})

test('what touches something under way waits; what does not takes the other lane', async () => {
  const { started, submit } = newStage()
  void submit(1, 'a')
  await turn()
  const waiting = submit(2, 'a')
  void submit(3, 'b')
  await turn()
  expect(started.map((group) => group.ids)).toEqual([[1], [3]])
  started[0]!.finish()
  await turn()
  expect(started.map((group) => group.ids)).toEqual([[1], [3], [2]])
  started[2]!.finish()
  expect(await waiting).toBe(2)
})

test('a further group goes out beside another once half as many wait as are under way', async () => {
  const { started, submit } = newStage()
  for (const id of [1, 2, 3, 4]) void submit(id, `a${id}`)
  await turn()
  void submit(5, 'b')
  await turn()
  expect(started.map((group) => group.ids)).toEqual([[1, 2, 3, 4]])
  void submit(6, 'c')
  await turn()
  expect(started.map((group) => group.ids)).toEqual([
    [1, 2, 3, 4],
    [5, 6],
  ])
})

test('a few do not wait for long behind many that are stuck', async () => {
  const { started, submit } = newStage()
  for (const id of [1, 2, 3, 4]) void submit(id, `a${id}`)
  await turn()
  const free = submit(5, 'b')
  while (started.length < 2) await turn()
  started[1]!.finish()
  expect(await free).toBe(5)
})

test('what waits behind stuck lanes is refused in time, though no lane comes free', async () => {
  const { started, submit } = newStage({ lanes: 1, queueWaitMaxMs: 50 })
  void submit(1, 'a')
  await turn()
  await expect(submit(2, 'b')).rejects.toThrow('full')
  expect(started).toHaveLength(1)
})

test('a single request goes out when the group before it is done', async () => {
  const { started, submit } = newStage()
  for (const id of [1, 2, 3, 4]) void submit(id, `a${id}`)
  await turn()
  const last = submit(5, 'b')
  await turn()
  started[0]!.finish()
  await turn()
  started[1]!.finish()
  expect(await last).toBe(5)
})

test('a request held back is not overtaken by later ones that touch the same', async () => {
  const { started, submit } = newStage()
  void submit(1, 'a')
  await turn()
  void submit(2, 'a', 'b')
  void submit(3, 'b')
  void submit(4, 'c')
  await turn()
  expect(started.map((group) => group.ids)).toEqual([[1], [4]])
  started[0]!.finish()
  await turn()
  expect(started.map((group) => group.ids)).toEqual([[1], [4], [2, 3]])
})

test('a group never exceeds its size, and order is kept across groups', async () => {
  const { started, submit } = newStage({ groupRequestsMax: 2, lanes: 1 })
  for (let id = 1; id <= 5; id++) void submit(id, 'a')
  for (let round = 0; round < 3; round++) {
    await turn()
    started[round]!.finish()
  }
  expect(started.map((group) => group.ids)).toEqual([[1, 2], [3, 4], [5]])
})

test('a full queue refuses before anything is taken in', async () => {
  const { started, submit } = newStage({ queueRequestsMax: 2, lanes: 1 })
  void submit(1, 'a')
  await turn()
  const queued = [submit(2, 'a'), submit(3, 'a')]
  await expect(submit(4, 'a')).rejects.toThrow('full')
  started[0]!.finish()
  await turn()
  started[1]!.finish()
  expect(await Promise.all(queued)).toEqual([2, 3])
})

test('what waited too long is refused without being begun', async () => {
  const { started, submit } = newStage({ queueWaitMaxMs: -1, lanes: 1 })
  await expect(submit(1, 'a')).rejects.toThrow('full')
  expect(started).toEqual([])
})

test('one poisonous request fails alone', async () => {
  const commit = async (jobs: Job[]) => {
    if (jobs.some((job) => job.id === 3)) throw new Error('poison')
    return jobs.map((job) => job.id)
  }
  const { submit } = newStage({ commit, isDivisible: () => true })
  const results = await Promise.allSettled([1, 2, 3, 4, 5].map((id) => submit(id, 'a')))
  expect(results.map((result) => result.status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
  ])
})

test('a failure that is nobody’s own fails the group once, undivided', async () => {
  const { started, submit } = newStage()
  const answers = [submit(1, 'a'), submit(2, 'b')]
  await turn()
  started[0]!.fail(new Error('gone'))
  for (const answer of answers) await expect(answer).rejects.toThrow('gone')
  expect(started).toHaveLength(1)
})

test('closing answers everything taken and takes nothing more', async () => {
  const { group, started, submit } = newStage({ lanes: 1 })
  const first = submit(1, 'a')
  await turn()
  const second = submit(2, 'a')
  let isClosed = false
  const closed = group.close().then(() => {
    isClosed = true
  })
  await expect(submit(3, 'b')).rejects.toThrow('full')
  started[0]!.finish()
  await turn()
  expect(isClosed).toBe(false)
  started[1]!.finish()
  await closed
  expect(await Promise.all([first, second])).toEqual([1, 2])
})

describe('with groups behind others', () => {
  test('what touches the same goes behind it in its lane, once as many wait as are under way', async () => {
    const { started, submit } = newStage({ behind: 1 })
    void submit(1, 'a')
    void submit(2, 'a')
    await turn()
    void submit(3, 'a')
    await turn()
    expect(started.map((group) => group.ids)).toEqual([[1, 2]])
    void submit(4, 'a')
    await turn()
    expect(started.map((group) => group.ids)).toEqual([
      [1, 2],
      [3, 4],
    ])
  })

  test('no more than that go behind it, nor into another lane', async () => {
    const { started, submit } = newStage({ behind: 1 })
    for (const id of [1, 2, 3, 4, 5]) {
      void submit(id, 'a')
      await turn()
    }
    expect(started.map((group) => group.ids)).toEqual([[1], [2]])
    started[0]!.finish()
    await turn()
    expect(started.map((group) => group.ids)).toEqual([[1], [2], [3, 4, 5]])
  })

  test('what touches nothing of that takes a lane of its own, and what does its own lane', async () => {
    const sent: [number, number[]][] = []
    const { submit } = newStage({
      behind: 1,
      commit: (jobs, lane) => {
        sent.push([lane, jobs.map((job) => job.id)])
        return new Promise(() => {})
      },
    })
    const jobs: [number, string][] = [
      [1, 'a'],
      [2, 'b'],
      [3, 'b'],
      [4, 'a'],
    ]
    for (const [id, what] of jobs) {
      void submit(id, what)
      await turn()
    }
    expect(sent).toEqual([
      [0, [1]],
      [1, [2]],
      [0, [4]],
    ])
  })
})

describe('with something that others use in turn with us', () => {
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  const restless = (ms: number | undefined, options: Partial<GroupOptions<Job, number>> = {}) =>
    newStage({ behind: 1, restMs: (what) => (what === 'hot' ? ms : undefined), ...options })
  const ids = (started: { ids: number[] }[]) => started.map((group) => group.ids)

  /** A group that has three of it was answered. */
  async function afterThree(ms: number) {
    const stage = restless(ms)
    const answers = [1, 2, 3].map((id) => stage.submit(id, 'hot'))
    await turn()
    stage.started[0]!.finish()
    await Promise.all(answers)
    return stage
  }

  test('it is left to them for a while, and what comes meanwhile goes along', async () => {
    const { started, submit } = await afterThree(40)
    void submit(4, 'hot')
    await sleep(10)
    void submit(5, 'hot')
    await turn()
    expect(ids(started)).toEqual([[1, 2, 3]])
    await sleep(50)
    expect(ids(started)).toEqual([
      [1, 2, 3],
      [4, 5],
    ])
  })

  test('as many as there were in the last group wait no longer', async () => {
    const { started, submit } = await afterThree(400)
    for (const id of [4, 5, 6]) void submit(id, 'hot')
    await turn()
    expect(ids(started)).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ])
  })

  test('what does not touch it waits for nothing', async () => {
    const { started, submit } = await afterThree(400)
    void submit(4, 'hot')
    void submit(5, 'cold')
    await turn()
    expect(ids(started)).toEqual([[1, 2, 3], [5]])
  })

  test('a request that waits for it holds back what comes after it and touches the same', async () => {
    const { started, submit } = await afterThree(400)
    void submit(4, 'hot', 'cold')
    void submit(5, 'cold')
    await turn()
    expect(ids(started)).toEqual([[1, 2, 3]])
    for (const id of [6, 7]) void submit(id, 'hot')
    await turn()
    expect(ids(started).at(-1)).toEqual([4, 5, 6, 7])
  })

  test('what is theirs no more when it is asked for how long leaves nothing behind', async () => {
    const answers = [5, undefined]
    const { started, submit } = newStage({ restMs: () => answers.shift() })
    const first = submit(1, 'hot')
    await turn()
    started[0]!.finish()
    await first
    const second = submit(2, 'hot')
    while (started.length < 2) await turn()
    started[1]!.finish()
    expect(await second).toBe(2)
  })

  test('nothing is sent behind a group that uses it', async () => {
    const { started, submit } = restless(0)
    void submit(1, 'hot')
    await turn()
    for (const id of [2, 3]) void submit(id, 'hot')
    await turn()
    expect(ids(started)).toEqual([[1]])
    started[0]!.finish()
    await turn()
    expect(ids(started)).toEqual([[1], [2, 3]])
  })

  test('closing waits for what waits for it', async () => {
    const { group, started, submit } = await afterThree(20)
    const answer = submit(4, 'hot')
    const closed = group.close()
    while (started.length < 2) await turn()
    started[1]!.finish()
    await closed
    expect(await answer).toBe(4)
  })
})

describe('with weights', () => {
  /** Jobs whose id is their weight in hundreds: 512 weighs 5. */
  const weighed = (options: Partial<GroupOptions<Job, number>> = {}) =>
    newStage({
      weigh: ({ id }) => Math.floor(id / 100),
      groupRequestsMax: 10,
      queueRequestsMax: 20,
      lanes: 1,
      ...options,
    })
  const ids = (started: { ids: number[] }[]) => started.map((group) => group.ids)

  test('a group holds no more than its weight; what does not fit goes with the next', async () => {
    const { started, submit } = weighed()
    for (const id of [401, 402, 403, 201]) void submit(id, `a${id}`)
    await turn()
    // The light one has room where the heavy one has none.
    expect(ids(started)).toEqual([[401, 402, 201]])
    started[0]!.finish()
    await turn()
    expect(ids(started).at(-1)).toEqual([403])
  })

  test('one that weighs more than a group goes alone, and the others around it', async () => {
    const { started, submit } = weighed()
    for (const id of [101, 1502, 103]) void submit(id, `a${id}`)
    await turn()
    started[0]!.finish()
    await turn()
    expect(ids(started)).toEqual([[101, 103], [1502]])
    const next = submit(104, 'b')
    started[1]!.finish()
    await turn()
    expect(ids(started).at(-1)).toEqual([104])
    started[2]!.finish()
    expect(await next).toBe(104)
  })

  test('one that is heavy is not overtaken by later ones that touch the same', async () => {
    const { started, submit } = weighed()
    for (const id of [101, 1502, 103, 104]) void submit(id, id === 104 ? 'b' : 'a')
    for (let round = 0; round < 2; round++) {
      await turn()
      started[round]!.finish()
    }
    await turn()
    expect(ids(started)).toEqual([[101, 104], [1502], [103]])
  })

  test('one that is heavy goes next, however many light ones keep coming', async () => {
    const { started, submit } = weighed()
    void submit(101, 'a')
    await turn()
    const heavy = submit(1502, 'b')
    for (const id of [103, 104]) void submit(id, `c${id}`)
    started[0]!.finish()
    await turn()
    expect(ids(started).at(-1)).toEqual([1502])
    started[1]!.finish()
    expect(await heavy).toBe(1502)
  })

  test('the queue is bounded by weight', async () => {
    const { started, submit } = weighed()
    void submit(101, 'a')
    await turn()
    const queued = [submit(1002, 'a'), submit(903, 'a')]
    await expect(submit(204, 'a')).rejects.toThrow('full')
    // What fits is taken still.
    queued.push(submit(105, 'a'))
    for (let round = 0; round < 3; round++) {
      started[round]!.finish()
      await turn()
    }
    started.at(-1)!.finish()
    expect(await Promise.all(queued)).toEqual([1002, 903, 105])
  })

  test('one that weighs more than the queue is taken when nothing else waits, and only then', async () => {
    const { started, submit } = weighed()
    void submit(101, 'a')
    await turn()
    const first = submit(10_002, 'a')
    await expect(submit(10_003, 'b')).rejects.toThrow('full')
    await expect(submit(104, 'b')).rejects.toThrow('full')
    started[0]!.finish()
    await turn()
    started[1]!.finish()
    expect(await first).toBe(10_002)
    const again = submit(10_003, 'b')
    await turn()
    started[2]!.finish()
    expect(await again).toBe(10_003)
  })

  test('what waited too long gives its weight back', async () => {
    const { started, submit } = weighed({ queueWaitMaxMs: 30 })
    void submit(101, 'a')
    await turn()
    const stale = submit(2002, 'b')
    await expect(stale).rejects.toThrow('full')
    const next = submit(2003, 'b')
    started[0]!.finish()
    await turn()
    started[1]!.finish()
    expect(await next).toBe(2003)
  })
})

test('two that touch the same go into groups of their own where that is wanted', async () => {
  const { started, submit } = newStage({ isApart: true })
  const answers = [submit(1, 'a'), submit(2, 'a'), submit(3, 'b'), submit(4, 'a')]
  await turn()
  expect(started.map((group) => group.ids)).toEqual([[1, 3]])
  for (const expected of [[2], [4]]) {
    started.at(-1)!.finish()
    await turn()
    expect(started.at(-1)!.ids).toEqual(expected)
  }
  started.at(-1)!.finish()
  expect(await Promise.all(answers)).toEqual([1, 2, 3, 4])
})
