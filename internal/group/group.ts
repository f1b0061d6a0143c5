/**
 * Group commit: what arrives while a group is being committed forms the next group. Nobody waits for
 * a timer: alone, a request goes out at once; under load the groups grow by themselves.
 */
export interface GroupCommit<Request, Answer> {
  /** Queues the request and answers when its group is committed. */
  submit(request: Request): Promise<Answer>
  /** Takes nothing more; resolves when everything taken is answered. */
  close(): Promise<void>
}

export interface GroupOptions<Request, Answer> {
  /** Commits a group whole or throws and leaves nothing behind; one answer for each, in order. */
  commit(group: Request[]): Promise<Answer[]>
  /** What a request touches. Two that touch the same are never under way in two groups at once. */
  touches(request: Request): readonly string[]
  /** Whether the group failed for one request's sake, so that its halves are worth a try. */
  isDivisible(error: unknown): boolean
  /** Thrown at a request that finds the queue full or waited in it too long: nothing was done. */
  overflow(): Error
  /** Groups under way at once: while one waits for the disk or for a lock, another can go. */
  lanes: number
  groupRequestsMax: number
  queueRequestsMax: number
  queueWaitMaxMs: number
}

/** How long a few may wait for the many that are under way. */
const patienceMs = 20

interface Waiting<Request, Answer> {
  request: Request
  touches: readonly string[]
  queuedAtMs: number
  resolve(answer: Answer): void
  reject(error: unknown): void
}

export function newGroupCommit<Request, Answer>(
  options: GroupOptions<Request, Answer>,
): GroupCommit<Request, Answer> {
  type Entry = Waiting<Request, Answer>
  let queue: Entry[] = []
  let lanesFree = options.lanes
  let underWay = 0
  let isScheduled = false
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  let drained: (() => void) | undefined
  const busy = new Set<string>()

  // setImmediate, because requests that are read from many sockets arrive in one turn of the loop.
  function schedule(): void {
    if (isScheduled || !isWorthALane()) return
    isScheduled = true
    setImmediate(() => {
      isScheduled = false
      fillLanes()
    })
  }

  /**
   * A group costs about the same whatever its size, so that a further one goes out beside others
   * only when half as many wait as are under way: of many small groups all would be late. It made
   * 10 % more requests a second at 64 connections.
   */
  function isWorthALane(): boolean {
    const [oldest] = queue
    if (!oldest || lanesFree === 0) return false
    return 2 * queue.length >= underWay || performance.now() - oldest.queuedAtMs >= patienceMs
  }

  /** What is stuck keeps nobody waiting for long: looks again, and refuses what waited too long. */
  function lookLater(): void {
    if (timer || queue.length === 0) return
    timer = setTimeout(() => {
      timer = undefined
      if (lanesFree === 0) refuseStale()
      fillLanes()
    }, patienceMs)
  }

  function refuseStale(): void {
    const oldestMs = performance.now() - options.queueWaitMaxMs
    const stale = queue.filter((entry) => entry.queuedAtMs < oldestMs)
    if (stale.length === 0) return
    queue = queue.filter((entry) => entry.queuedAtMs >= oldestMs)
    for (const entry of stale) entry.reject(options.overflow())
  }

  function fillLanes(): void {
    while (isWorthALane()) {
      const group = takeGroup()
      if (group.length === 0) break
      void runLane(group)
    }
    lookLater()
    if (queue.length === 0 && lanesFree === options.lanes) drained?.()
  }

  /**
   * The next requests in order, less those that touch what is under way. Such a one also holds back
   * what comes after it and touches the same, so that no stream of others can starve it.
   */
  function takeGroup(): Entry[] {
    const group: Entry[] = []
    const rest: Entry[] = []
    const heldBack = new Set<string>()
    refuseStale()
    for (const entry of queue) {
      const isFree = entry.touches.every((what) => !busy.has(what) && !heldBack.has(what))
      if (isFree && group.length < options.groupRequestsMax) {
        group.push(entry)
      } else {
        for (const what of entry.touches) heldBack.add(what)
        rest.push(entry)
      }
    }
    queue = rest
    return group
  }

  async function runLane(group: Entry[]): Promise<void> {
    const touched = new Set(group.flatMap((entry) => entry.touches))
    lanesFree -= 1
    underWay += group.length
    for (const what of touched) busy.add(what)
    await commitGroup(group)
    for (const what of touched) busy.delete(what)
    lanesFree += 1
    underWay -= group.length
    fillLanes()
  }

  async function commitGroup(group: Entry[]): Promise<void> {
    try {
      const answers = await options.commit(group.map((entry) => entry.request))
      group.forEach((entry, i) => entry.resolve(answers[i]!))
    } catch (error) {
      if (group.length > 1 && options.isDivisible(error)) {
        const middle = group.length >> 1
        await commitGroup(group.slice(0, middle))
        await commitGroup(group.slice(middle))
      } else {
        for (const entry of group) entry.reject(error)
      }
    }
  }

  return {
    submit(request) {
      if (isClosed || queue.length >= options.queueRequestsMax) {
        return Promise.reject(options.overflow())
      }
      return new Promise<Answer>((resolve, reject) => {
        const queuedAtMs = performance.now()
        queue.push({ request, touches: options.touches(request), queuedAtMs, resolve, reject })
        schedule()
        lookLater()
      })
    },
    close() {
      isClosed = true
      if (queue.length === 0 && lanesFree === options.lanes) return Promise.resolve()
      return new Promise((resolve) => {
        drained = resolve
      })
    },
  }
}
