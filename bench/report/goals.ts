import { path, rect, text } from './draw'
import { isMet } from './figure'
import { goalText, quantity } from './format'
import { bad, faintInk, good, ink, line, track } from './palette'
import type { Figure, Goal } from './result'

export interface Box {
  x: number
  y: number
  width: number
}

export interface Drawn {
  svg: string
  height: number
}

const rowHeight = 23
const barHeight = 9
const barWidth = 170
/** The tables have it whole. */
const reasonLettersMax = 28
/** Where on the bar the goal stands. */
const goalShare = 0.6

/** A line for each goal: whether it is met, the value, the goal, and how far the one is from the other. */
export function drawGoals(figures: readonly Figure[], { x, y, width }: Box): Drawn {
  const goals = figures.filter((figure): figure is Figure & { goal: Goal } => !!figure.goal)
  if (goals.length === 0) return { svg: '', height: 0 }
  const met = goals.filter((figure) => isMet(figure) === true).length
  const title = `${met} of ${goals.length} goals met`
  const rows = goals.map((figure, i) => drawRow(figure, { x, y: y + 34 + i * rowHeight, width }))
  const parts = [text(title, { x, y: y + 18, size: 15, weight: 600 }), ...rows]
  return { svg: parts.join('\n'), height: 34 + goals.length * rowHeight + 26 }
}

function drawRow(figure: Figure & { goal: Goal }, { x, y, width }: Box): string {
  const { name, unit, value, goal, notPossible } = figure
  const barX = x + width - barWidth
  const baseline = y + 14
  const met = isMet(figure)
  const colour = met === undefined ? faintInk : met ? good : bad
  const label = text(name, { x: x + 22, y: baseline, size: 13 })
  const goalLabel = text(goalText(goal, unit), { x: barX - 92, y: baseline, fill: faintInk })
  const measured = { x: barX - 104, y: baseline, anchor: 'end' as const }
  if (value === undefined) {
    const why = (notPossible ?? 'not measured').slice(0, reasonLettersMax)
    const reason = text(why, { x: barX, y: baseline, size: 11, fill: faintInk })
    return [path(`M${x} ${y + 10}h10`, faintInk, 2), label, goalLabel, reason].join('\n')
  }
  const goalX = barX + barWidth * goalShare
  const length = Math.min(barWidth, (value / goal.value) * barWidth * goalShare)
  return [
    drawMark(met === true, x, y),
    label,
    text(quantity(value, unit), { ...measured, size: 13, weight: 600, fill: colour }),
    goalLabel,
    rect(barX, y + 5, barWidth, barHeight, track),
    rect(barX, y + 5, length, barHeight, colour),
    path(`M${goalX} ${y + 1}v${barHeight + 8}`, ink, 1.5),
    path(`M${x} ${y + rowHeight - 2}h${width}`, line, 0.5),
  ].join('\n')
}

/** A tick or a cross, drawn, because not every font has them. */
function drawMark(met: boolean, x: number, y: number): string {
  return met
    ? path(`M${x} ${y + 10}l4 4.5l7 -9`, good, 2.2)
    : path(`M${x + 1} ${y + 5.5}l8.5 8.5m0 -8.5l-8.5 8.5`, bad, 2.2)
}
