import { drawBars, groupBars } from './bars'
import { picture, text } from './draw'
import { drawGoals } from './goals'
import { faintInk } from './palette'
import type { BenchResult } from './result'

const width = 880
const padding = 32
const gap = 40
const columnWidth = (width - 2 * padding - gap) / 2
const headHeight = 84

/** The goals first, met or missed at a glance; below them how many requests a second each route answers. */
export function chart(result: BenchResult): string {
  const goals = drawGoals(result.figures, { x: padding, y: headHeight, width: width - 2 * padding })
  const barsY = headHeight + goals.height
  const columns = groupBars(result.cases).map((groups, column) =>
    drawBars(groups, { x: padding + column * (columnWidth + gap), y: barsY, width: columnWidth }),
  )
  const height = barsY + Math.max(...columns.map((column) => column.height)) + 44
  const { settings, postgres, machine } = result
  const rounds = `${settings.iterations} round${settings.iterations === 1 ? '' : 's'}`
  const conditions = `${machine.cpu}, ${machine.cores} cores shared by load, API and database · Node ${result.node} · PostgreSQL ${postgres.version.split(' ')[0]}, fsync ${postgres.fsync} · ${result.date.slice(0, 10)}`
  const title = 'Goals of the benchmark, and requests per second of each route'
  const how = `${settings.connections} connections; medians of ${rounds} in which the contenders take turns`
  return picture({ width, height, title }, [
    text('How fast it is', { x: padding, y: 44, size: 20, weight: 600 }),
    text(how, { x: padding, y: 66, fill: faintInk }),
    ...[goals, ...columns].map(({ svg }) => svg),
    text(conditions, { x: padding, y: height - 20, size: 11, fill: faintInk }),
  ])
}
