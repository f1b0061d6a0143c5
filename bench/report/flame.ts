import { readFile } from 'node:fs/promises'
import { escape, picture, round, text } from './draw'
import { frameNamer, kinds, type Frame, type Kind } from './frame'
import { faintInk, ink } from './palette'

/** What V8 writes with --cpu-prof, as far as it is looked at here. */
export interface CpuProfile {
  nodes: {
    id: number
    callFrame: { functionName: string; url: string; lineNumber: number }
    children?: number[]
  }[]
  samples: number[]
  timeDeltas: number[]
}

/** A function in its place on the stack, with all that it calls. */
interface Tower {
  frame: Frame
  micros: number
  callees: Map<string, Tower>
}

const width = 1400
const padding = 24
const rowHeight = 19
const headHeight = 96
/** Narrower than this, in pixels, is left out: nobody could point at it. */
const narrowest = 1.5
const letterWidth = 6.1

/** Draws a profile of a program that was bundled into `bundle`, as icicles: callers above what they call. */
export async function flame(
  profile: CpuProfile,
  { bundle, title }: { bundle: string; title: string },
): Promise<string> {
  const nameOf = frameNamer(bundle, await readFile(bundle, 'utf8'))
  const root = build(profile, nameOf)
  const scale = (width - 2 * padding) / root.micros
  const drawn: string[] = []
  const depth = draw([...root.callees.values()], {
    x: padding,
    row: 0,
    scale,
    total: root.micros,
    drawn,
  })
  const height = headHeight + depth * rowHeight + padding
  return picture({ width, height, title }, [
    text(title, { x: padding, y: 38, size: 18, weight: 600 }),
    drawLegend(root),
    ...drawn,
  ])
}

/** Functions of one place on the stack become one, whatever line of them was running. */
function build(profile: CpuProfile, nameOf: (node: CpuProfile['nodes'][number]) => Frame): Tower {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]))
  const parents = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])),
  )
  const micros = new Map<number, number>()
  profile.samples.forEach((id, i) => {
    micros.set(id, (micros.get(id) ?? 0) + Math.max(0, profile.timeDeltas[i]!))
  })
  const root = newTower({ name: 'all', kind: 'node' })
  for (const [id, time] of micros) {
    const stack: Frame[] = []
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      stack.unshift(nameOf(byId.get(at)!))
    }
    add(root, shorten(stack.slice(1)), time)
  }
  return root
}

/** Without waiting, starting up, and steps from one function to itself or from Node's own to Node's own. */
function shorten(stack: Frame[]): Frame[] {
  if (stack.some(({ kind }) => kind === 'left out')) return []
  return stack.filter((frame, i) => {
    const caller = stack[i - 1]
    if (!caller) return true
    return frame.name !== caller.name && !(frame.kind === 'node' && caller.kind === 'node')
  })
}

function add(root: Tower, stack: Frame[], micros: number): void {
  if (stack.length === 0) return
  let tower = root
  tower.micros += micros
  for (const frame of stack) {
    const callee = tower.callees.get(frame.name) ?? newTower(frame)
    tower.callees.set(frame.name, callee)
    callee.micros += micros
    tower = callee
  }
}

const newTower = (frame: Frame): Tower => ({ frame, micros: 0, callees: new Map() })

interface Place {
  x: number
  row: number
  scale: number
  total: number
  drawn: string[]
}

/** Answers the number of rows. */
function draw(towers: Tower[], { x, row, scale, total, drawn }: Place): number {
  let [left, rows] = [x, row]
  for (const { frame, micros, callees } of towers.sort((a, b) => b.micros - a.micros)) {
    const wide = micros * scale
    if (wide < narrowest) continue
    drawn.push(drawFrame(frame, { left, wide, row, share: micros / total }))
    rows = Math.max(
      rows,
      draw([...callees.values()], { x: left, row: row + 1, scale, total, drawn }),
      row + 1,
    )
    left += wide
  }
  return rows
}

interface FramePlace {
  left: number
  wide: number
  row: number
  share: number
}

function drawFrame({ name, kind }: Frame, { left, wide, row, share }: FramePlace): string {
  const y = headHeight + row * rowHeight
  const percent = `${(share * 100).toFixed(1)} %`
  const shown = fit(name, share > 0.04 ? ` ${percent}` : '', Math.floor((wide - 8) / letterWidth))
  const box = `<rect x="${round(left)}" y="${y}" width="${round(Math.max(0.5, wide - 0.6))}" height="${rowHeight - 1}" rx="1.5" fill="${kinds[kind].colour}"/>`
  const words = text(shown, { x: round(left + 4), y: y + 13, size: 11, fill: ink })
  return `<g><title>${escape(`${name}: ${percent}`)}</title>${box}${words}</g>`
}

/** The function with its share and place; as much of that as there is room for. */
function fit(name: string, percent: string, letters: number): string {
  const own = name.startsWith('(') ? name : name.split(' ')[0]!
  const place = name.slice(own.length).replace(/^ /, ' · ')
  const wish = [own + percent + place, own + percent, own].find((one) => one.length <= letters)
  if (wish !== undefined) return wish
  return letters < 3 ? '' : `${own.slice(0, letters - 1)}…`
}

/** Of each kind how much of the time was spent in its own code. */
function drawLegend(root: Tower): string {
  const own = new Map<Kind, number>()
  const visit = ({ frame, micros, callees }: Tower) => {
    let rest = micros
    for (const callee of callees.values()) {
      rest -= callee.micros
      visit(callee)
    }
    own.set(frame.kind, (own.get(frame.kind) ?? 0) + rest)
  }
  for (const tower of root.callees.values()) visit(tower)
  let x = padding
  const shares = [...own].sort(([, a], [, b]) => b - a)
  return shares
    .map(([kind, micros]) => {
      const label = `${kinds[kind].label} ${((micros / root.micros) * 100).toFixed(0)} %`
      const mark = `<rect x="${x}" y="58" width="13" height="13" rx="2" fill="${kinds[kind].colour}"/>`
      const words = text(label, { x: x + 19, y: 69, fill: faintInk })
      x += 44 + label.length * 6.6
      return mark + words
    })
    .join('\n')
}
